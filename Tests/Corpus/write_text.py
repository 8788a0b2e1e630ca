"""Documents as Markdown, LaTeX and CSV."""

import csv
import io
import re

STYLES = {"bold": "**{}**", "italic": "*{}*"}
SPECIAL = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
           "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "−": "$-$", "€": r"\texteuro{}", "£": r"\pounds{}",
           "<": r"\textless{}", ">": r"\textgreater{}", "·": r"\textperiodcentered{}", '"': r"\textquotedbl{}"}


def markdown(document):
    """CommonMark with tables and footnotes."""
    parts, notes = [], []
    for group in document.groups():
        first = group[0]
        if first.kind == "item":
            parts.append("\n".join((f"{n}. " if first.ordered else "- ") + inline(item, notes) for n, item in enumerate(group, 1)))
        elif first.kind == "code":
            parts.append(f"```\n{first.text}\n```")
        elif first.kind == "table":
            head, *rows = [[cell.replace("|", r"\|") for cell in row] for row in first.cells]
            lines = [head, ["---"] * len(head)] + rows
            parts.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
        elif first.kind in ("title", "heading"):
            parts.append("#" * first.level + " " + first.text)
        else:
            parts.append(inline(first, notes))
    return "\n\n".join(parts + [f"[^{n}]: {note}" for n, note in enumerate(notes, 1)]) + "\n"


def inline(block, notes):
    parts = []
    for span in block.spans:
        if span.style == "note":
            notes.append(span.text)
            parts.append(f"[^{len(notes)}]")
        elif span.style == "link":
            parts.append(f"[{span.text}]({span.target})")
        else:
            parts.append(STYLES.get(span.style, "{}").format(span.text))
    return "".join(parts)


def tex(text):
    text = re.sub("|".join(map(re.escape, SPECIAL)), lambda match: SPECIAL[match.group()], text)
    return text.replace("– ", "-- ").replace("−", "$-$")


def latex(document, columns=1, rules=True):
    """An article; LaTeX hyphenates and sets ligatures by itself."""
    parts = []
    for group in document.groups():
        first = group[0]
        if first.kind == "item":
            name = "enumerate" if first.ordered else "itemize"
            parts.append(f"\\begin{{{name}}}\n" + "\n".join(f"\\item {tex_spans(item)}" for item in group) + f"\n\\end{{{name}}}")
        elif first.kind == "code":
            parts.append(f"\\begin{{verbatim}}\n{first.text}\n\\end{{verbatim}}")
        elif first.kind == "table":
            rule = "\\hline\n" if rules else ""
            bar = "|" if rules else ""
            lines = [" & ".join(map(tex, row)) + r" \\" for row in first.cells]
            parts.append(f"\\begin{{center}}\\small\\begin{{tabular}}{{{bar}{('l' + bar) * len(first.cells[0])}}}\n{rule}"
                         + ("\n" + rule).join(lines) + f"\n{rule}\\end{{tabular}}\\end{{center}}")
        elif first.kind == "title":
            parts.append(f"\\title{{{tex(first.text)}}}\\author{{}}\\date{{}}\\maketitle")
        elif first.kind == "heading":
            command = ["section", "subsection", "subsubsection", "paragraph"][first.level - 1]
            parts.append(f"\\{command}*{{{tex(first.text)}}}")
        else:
            parts.append(tex_spans(first))
    running = ""
    if document.header:
        running = (f"\\usepackage{{fancyhdr}}\\pagestyle{{fancy}}\\fancyhf{{}}\\fancyhead[C]{{\\small {tex(document.header)}}}"
                   f"\\fancyfoot[C]{{\\small {tex(document.footer).replace(chr(92) + '#', chr(92) + 'thepage{}')}}}"
                   "\\fancypagestyle{plain}{}")
    return ("\\documentclass[a4paper,11pt" + (",twocolumn" if columns > 1 else "") + "]{article}\n"
            "\\usepackage[T1]{fontenc}\\usepackage[utf8]{inputenc}\\usepackage{lmodern,textcomp}\\usepackage[margin=22mm]{geometry}\n"
            + (running or "\\pagestyle{empty}\\makeatletter\\let\\ps@plain\\ps@empty\\makeatother") + "\n\\sloppy\n\\begin{document}\n"
            + "\n\n".join(parts) + "\n\\end{document}\n")


def tex_spans(block):
    commands = {"bold": "\\textbf{%s}", "italic": "\\emph{%s}", "note": "\\footnote{%s}"}
    return "".join(commands.get(span.style, "%s") % tex(span.text) for span in block.spans)


def separated(document, separator=","):
    """The first table as CSV."""
    cells = next(block.cells for block in document.blocks if block.cells)
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows(cells)
    return out.getvalue()
