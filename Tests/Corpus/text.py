"""How texts are made comparable: the same for the truth and for every tool, so that marks and signs cost nobody.

Words are runs of letters and digits after NFKC (ligatures and presentation forms become their letters) in lower case, without
soft hyphens, marks of direction and vowel points; a character of Chinese, Japanese or Korean is a word by itself. Marks of
Markdown, addresses of links, page breaks, HTML tags and comments are left out.
"""

import re
import unicodedata
from html import unescape

INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0xFEFF, *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
# Marks of footnotes in front of NFKC, which would glue them to the word before.
RAISED = re.compile("[⁰¹²³⁴-⁹]+")
EAST = ("\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
        "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff")
WORD = re.compile(f"[{EAST}]|[^\\W_{EAST}]+")
MARKS = [
    (re.compile(r"<!--.*?-->", re.S), " "),
    (re.compile(r"^\s*(```|~~~)\w*\s*$", re.M), ""),
    (re.compile(r"^\[\^[^\]]+\]:\s*", re.M), ""),
    (re.compile(r"\[\[\d+\]\]\(#[^)]*\)|\[↑\]\(#[^)]*\)"), ""),
    (re.compile(r"\\?\[\^[^\]]+\]"), ""),
    (re.compile(r"!\[[^\]]*\]\([^)]*\)"), " "),
    (re.compile(r"\]\((?:<[^>]*>|[^()\s]*)(?:\s+\"[^\"]*\")?\)"), "] "),
    (re.compile(r"</?(?:br|p|div|span|a|b|i|em|strong|u|s|sub|sup|ul|ol|li|table|thead|tbody|tr|td|th|code|pre|img|hr)\b"
                r"[^<>\n]*>", re.I), " "),
    (re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~$&\"'^=:;,?@/%])"), r"\1"),
]


def unmarked(text):
    """The text without the marks of Markdown."""
    for pattern, instead in MARKS:
        text = pattern.sub(instead, text)
    return unescape(text)


def words(text):
    """The words of a text without marks."""
    text = unicodedata.normalize("NFKC", RAISED.sub(" ", text).translate(INVISIBLE)).translate(INVISIBLE).lower()
    # Vowel points and accents that have no composed form are no letters.
    text = "".join(char for char in text if unicodedata.category(char) != "Mn")
    return WORD.findall(text)


def phrase(text):
    """Words as one string, for titles and cells."""
    return " ".join(words(unmarked(text)))


def headings(text):
    """(level, title) of every heading of a Markdown text."""
    found, fenced = [], False
    lines = text.split("\n")
    for line, following in zip(lines, lines[1:] + [""]):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced:
            match = re.match(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$", line)
            if match and phrase(match[2]):
                found.append((len(match[1]), phrase(match[2])))
            elif line.strip() and "|" not in line and re.match(r"=+\s*$|-{3,}\s*$", following) and phrase(line):
                found.append((1 if following[0] == "=" else 2, phrase(line)))
    return found


def table_rows(text):
    """The rows of every table of a Markdown text, as lists of cells; the line below a header is none."""
    found = []
    for line in text.split("\n"):
        line = line.strip()
        if line.startswith("|") and line.endswith("|") and len(line) > 1:
            cells = re.split(r"(?<!\\)\|", line[1:-1])
            if not all(re.fullmatch(r"\s*:?-+:?\s*", cell) for cell in cells):
                found.append([phrase(cell) for cell in cells])
    return found
