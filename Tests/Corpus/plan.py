"""What the corpus holds: every case with its document, the source that its writer makes of it, and who makes the file."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import recipes
import tongues
from words import English
from write_html import printed, site
from write_odf import flat
from write_text import latex, markdown, separated


@dataclass
class Case:
    """`name` is variant and number; `maker` names a function of makers.py, `finish` what is done to the made PDF."""

    name: str
    variant: str
    extension: str
    document: object
    source: object
    maker: str
    finish: tuple = ()


# Fonts that the runner installs, so that the same seed looks the same everywhere.
FONTS = ["Liberation Serif", "DejaVu Sans", "Noto Sans", "Liberation Sans", "Noto Serif"]
TONGUES = {"arabic": (tongues.Arabic, "Noto Naskh Arabic"), "hebrew": (tongues.Hebrew, "Noto Sans Hebrew"),
           "chinese": (tongues.Chinese, "Noto Sans CJK SC"), "japanese": (tongues.Japanese, "Noto Serif CJK JP"),
           "korean": (tongues.Korean, "Noto Sans CJK KR")}


class Plan:
    """Collects cases; a document's seed is told by its name, so that a new variant changes no other."""

    def __init__(self, seed):
        self.seed = seed
        self.cases = []

    def add(self, variant, count, extension, maker, write, recipe=recipes.article, voice=English, finish=(), **options):
        """`write(document, number, prose)` gives the source; options that are lists are gone through by number."""
        for number in range(count):
            name = f"{variant}-{number + 1:02}"
            prose = voice(zlib.crc32(f"{self.seed}/{name}".encode()))
            chosen = {key: value[number % len(value)] if isinstance(value, list) else value for key, value in options.items()}
            document = recipe(prose, **chosen)
            self.cases.append(Case(name, variant, extension, document, write(document, number, prose), maker, finish))


def mixed(**more):
    """Sections with a little of everything, of varying length."""
    return dict(sections=[3, 4, 2, 6, 3], depth=[3, 2, 4, 3], lists=[1, 2, 0], tables=[1, 0, 1], code=[0, 1, 0, 0],
                links=[True, False], paragraphs=[2, 3, 2]) | more


def plain(**more):
    return dict(sections=[3, 2, 5], depth=[2, 3], lists=[0, 1], paragraphs=3) | more


def html(**options):
    def write(document, number, prose):
        return printed(document, **({"font": FONTS[number % len(FONTS)], "size": [11, 10, 12][number % 3]} | options))
    return write


def odf(**options):
    def write(document, number, prose):
        return flat(document, **({"font": FONTS[number % len(FONTS)], "size": [11, 10, 12][number % 3]} | options))
    return write


def tex(**options):
    return lambda document, number, prose: latex(document, **options)


def add_pdfs(plan):
    tables = dict(sections=[2, 3], depth=1, tables=[2, 3], empty=[0, 0, 0.1], paragraphs=1)
    for kind, maker in (("tagged", "chromium_tagged"), ("untagged", "chromium")):
        many = kind == "untagged"
        plan.add(f"pdf-chromium-{kind}", 10, "pdf", maker, html(), base=2, **mixed())
        plan.add(f"pdf-chromium-{kind}-columns", 6 if many else 4, "pdf", maker,
                 html(columns=2, justify=True, hyphenate=True, size=10), base=2, **plain(sections=[5, 6, 8]))
        plan.add(f"pdf-chromium-{kind}-tables", 5 if many else 4, "pdf", maker, html(), base=2, **tables)
        plan.add(f"pdf-chromium-{kind}-unruled", 5 if many else 4, "pdf", maker, html(rules=False), base=2, **tables)
        plan.add(f"pdf-chromium-{kind}-furniture", 5 if many else 3, "pdf", maker, html(), base=2, furniture=True,
                 **plain(sections=[6, 9]))
    for kind, maker in (("tagged", "libreoffice_tagged"), ("untagged", "libreoffice")):
        many = kind == "untagged"
        plan.add(f"pdf-libreoffice-{kind}", 10, "pdf", maker, odf(), notes=[False, True], **mixed())
        plan.add(f"pdf-libreoffice-{kind}-columns", 6 if many else 4, "pdf", maker,
                 odf(columns=2, justify=True, hyphenate=True, size=10), **plain(sections=[5, 6, 8]))
        plan.add(f"pdf-libreoffice-{kind}-tables", 5 if many else 4, "pdf", maker, odf(), **tables)
        plan.add(f"pdf-libreoffice-{kind}-unruled", 5 if many else 4, "pdf", maker, odf(rules=False), **tables)
        plan.add(f"pdf-libreoffice-{kind}-furniture", 5 if many else 3, "pdf", maker, odf(), furniture=True,
                 notes=[True, False], **plain(sections=[6, 9]))
    plan.add("pdf-latex", 8, "pdf", "latex", tex(), notes=[False, True], furniture=[False, True], **mixed(tables=0))
    plan.add("pdf-latex-columns", 6, "pdf", "latex", tex(columns=2), notes=[True, False], **plain(sections=[6, 9]))
    plan.add("pdf-latex-tables", 4, "pdf", "latex", tex(), **(tables | dict(columns=3)))
    plan.add("pdf-latex-unruled", 4, "pdf", "latex", tex(rules=False), **(tables | dict(columns=3)))
    wrapped = tables | dict(long=True, tables=[1, 2], columns=[3, 4])
    for name, rules in (("ruled", True), ("unruled", False)):
        plan.add(f"pdf-chromium-wrapped-{name}", 3, "pdf", "chromium", html(rules=rules), base=2, **wrapped)
        plan.add(f"pdf-libreoffice-wrapped-{name}", 3, "pdf", "libreoffice", odf(rules=rules), **wrapped)
        plan.add(f"pdf-chromium-broken-{name}", 2, "pdf", "chromium", html(rules=rules, broken=True), base=2,
                 **(tables | dict(tables=1, rows=[60, 90])))
    plan.add("pdf-numbered", 3, "pdf", "chromium", html(), base=2, numbered=True, footer=["#", "", "#"], **plain(depth=3))
    plan.add("pdf-numbered-latex", 3, "pdf", "latex", tex(), numbered=True, **plain(depth=3))
    plan.add("pdf-columns-three", 3, "pdf", "libreoffice", odf(columns=3, landscape=True, size=9), **plain(sections=[6, 8]))
    for tongue, (voice, font) in TONGUES.items():
        plan.add(f"pdf-chromium-{tongue}", 3, "pdf", "chromium", html(font=font), voice=voice, base=2, **plain(tables=[0, 1]))
        plan.add(f"pdf-libreoffice-{tongue}", 3, "pdf", "libreoffice", odf(font=font), voice=voice, **plain(tables=[0, 1]))
    voice = lambda seed: English(seed, ligatures=True)
    plan.add("pdf-ligatures", 3, "pdf", "chromium", html(font="Noto Serif"), voice=voice, base=2, **plain())
    plan.add("pdf-ligatures-latex", 3, "pdf", "latex", tex(), voice=voice, **plain())
    plan.add("pdf-landscape", 4, "pdf", "chromium", html(page="A4 landscape"), base=2, **mixed())
    plan.add("pdf-rotated", 4, "pdf", "chromium", html(), finish=("turned", 90), base=2, **plain())
    plan.add("pdf-rotated-upright", 4, "pdf", "libreoffice", odf(landscape=True), finish=("upright", 90), **mixed())


def add_scans(plan):
    short = dict(sections=[1, 2], depth=2, paragraphs=2, lists=[0, 1])
    for resolution in (150, 200):
        plan.add(f"scan-{resolution}", 6, "pdf", "chromium", html(), finish=("scanned", resolution), base=2, **short)
        plan.add(f"scan-{resolution}-columns", 2, "pdf", "libreoffice", odf(columns=2, justify=True), finish=("scanned", resolution),
                 **(short | dict(sections=4)))
        plan.add(f"scan-{resolution}-tables", 2, "pdf", "chromium", html(rules=True), finish=("scanned", resolution), base=2,
                 **(short | dict(tables=1)))


def add_texts(plan):
    md = lambda document, number, prose: markdown(document)
    plan.add("docx-libreoffice", 10, "docx", "docx", odf(), notes=[False, True], furniture=[False, False, True], **mixed())
    plan.add("docx-pandoc", 10, "docx", "pandoc_docx", md, notes=[False, True], base=2, **mixed())
    plan.add("odt", 10, "odt", "odt", odf(), notes=[False, True], furniture=[False, False, True], **mixed())
    plan.add("epub", 10, "epub", "epub", md, recipes.book, notes=[False, True], base=1, **mixed(sections=[4, 6, 8]))
    for tongue, (voice, font) in TONGUES.items():
        plan.add(f"docx-{tongue}", 1, "docx", "docx", odf(font=font), voice=voice, **plain(tables=1))
        plan.add(f"html-{tongue}", 1, "html", "text", html(font=font), voice=voice, base=2, **plain(tables=1))
    plan.add("html-plain", 8, "html", "text", html(), base=2, **mixed())
    plan.add("html-site", 10, "html", "text", lambda document, number, prose: site(document, prose, number), base=2, **mixed())
    plan.add("markdown", 10, "md", "text", md, notes=[False, True], base=2, **mixed())


def add_office(plan):
    none = lambda document, number, prose: None
    plan.add("pptx", 10, "pptx", "slides", none, recipes.deck, slides=[5, 8, 6], tables=[1, 2, 0])
    plan.add("pptx-libreoffice", 4, "pptx", "slides_again", none, recipes.deck, slides=[5, 7], tables=[1, 0])
    plan.add("xlsx", 10, "xlsx", "workbook", none, recipes.workbook, sheets=[1, 2, 3], rows=[12, 40, 90], empty=[0, 0, 0.15])
    plan.add("ods", 8, "ods", "ods", none, recipes.workbook, sheets=[1, 2, 3], rows=[12, 40, 60], empty=[0, 0.15])
    separators = [",", ";", "\t", ","]
    codes = ["utf-8", "utf-8", "utf-8-sig", "cp1252"]
    # No minus sign of mathematics in CSV: cp1252 has none.
    plan.add("csv", 10, "csv", "text", lambda document, number, prose: separated(document, separators[number % 4])
             .encode(codes[number % 4]), csv_sheet, rows=[15, 60, 100], empty=[0, 0.1])


def csv_sheet(prose, rows, empty):
    """One table with quoted commas and quotes; cp1252 can write every letter of it."""
    document = recipes.workbook(prose, 1, rows, empty)
    document.blocks = [block for block in document.blocks if block.kind == "table"]
    allowed = lambda text: text.encode("cp1252", "ignore").decode("cp1252")
    document.blocks[0].cells = [[allowed(text) for text in row] for row in document.blocks[0].cells]
    return document


def plan(seed):
    """All cases of a seed."""
    made = Plan(seed)
    for add in (add_pdfs, add_scans, add_texts, add_office):
        add(made)
    return made.cases


# What a case's file depends on beside its source.
CODE = [Path(__file__).with_name(name) for name in ("makers.py", "write_office.py")]
