"""Recipes: what stands in a document of a kind, told by a seed."""

from blocks import Block, Document, Span, block


def table(prose, rows, columns, long=False, empty=0.0):
    """A table with a header row: words in the first column, figures in most others."""
    r = prose.random
    kinds = ["label"] + [r.choice(["figure", "figure", "label"]) for _ in range(columns - 1)]
    header = []
    while len(header) < columns:
        name = prose.label()
        if name not in header:
            header.append(name)
    cells = [header]
    for _ in range(rows):
        row = [getattr(prose, kind)() for kind in kinds]
        if long:
            row[-1] = prose.sentence()
        cells.append([cell if i == 0 or r.random() >= empty else "" for i, cell in enumerate(row)])
    return Block("table", cells=cells)


def paragraph(prose, links=False, notes=False, styles=True):
    """A paragraph with, at times, a link, a bold word and a footnote."""
    r = prose.random
    first, second = prose.paragraph(r.randint(1, 3)), prose.paragraph(r.randint(1, 3))
    gap = getattr(prose, "space", " ")
    spans = [Span(first)]
    if notes and r.random() < 0.6:
        spans.append(Span(prose.sentence(), "note"))
    if links and r.random() < 0.6:
        spans += [Span(gap), Span(prose.item().rstrip(".?!;"), "link", f"https://example.org/{r.randint(100, 999)}")]
    if styles and r.random() < 0.4:
        spans += [Span(gap), Span(prose.sentence(), r.choice(["bold", "italic"]))]
    return Block("paragraph", spans + [Span(gap + second)])


def article(prose, sections=3, depth=3, tables=0, lists=0, code=0, links=False, notes=False, furniture=False,
            paragraphs=2, long=False, empty=0.0, base=1, columns=None, rows=None, numbered=False, footer=None):
    """A title and sections with headings down to `depth`; `base` is the level of the outermost headings.

    `long` puts sentences into the last column of tables, `numbered` numbers into the headings.
    """
    r = prose.random
    blocks = [block("title", prose.title(), level=1), paragraph(prose)]
    extras = ["table"] * tables + ["list"] * lists + ["code"] * code
    r.shuffle(extras)
    for section in range(sections):
        blocks.append(block("heading", prose.heading(), level=base))
        blocks += [paragraph(prose, links, notes) for _ in range(r.randint(1, paragraphs))]
        for level in range(base + 1, base + depth):
            if r.random() < 0.6:
                blocks.append(block("heading", prose.heading(), level=level))
                blocks += [paragraph(prose, links, notes) for _ in range(r.randint(1, paragraphs))]
            else:
                break
        share = (len(extras) + sections - section - 1) // (sections - section)
        for extra in extras[:share]:
            blocks += content(prose, extra, long, empty, columns, rows)
        extras = extras[share:]
    if numbered:
        number(blocks, base)
    head, foot = prose.furniture() if furniture else ("", footer or "")
    return Document(blocks, prose.language, prose.direction, head, foot)


def number(blocks, base):
    """1, 1.1, 1.2, 2 and so on before the headings."""
    counts = []
    for each in blocks:
        if each.kind == "heading":
            depth = each.level - base + 1
            counts = (counts + [0] * depth)[:depth]
            counts[-1] += 1
            each.spans[0].text = ".".join(map(str, counts)) + " " + each.text


def book(prose, **options):
    """An article with the page of a title before it, which pandoc makes of the title."""
    document = article(prose, **options)
    document.blocks.insert(1, block("heading", document.title, level=1))
    return document


def content(prose, kind, long, empty, columns, rows):
    r = prose.random
    if kind == "table":
        return [table(prose, rows or r.randint(3, 8), columns or r.randint(3, 5), long, empty), paragraph(prose)]
    if kind == "code":
        return [block("code", "\n".join(prose.code())), paragraph(prose)]
    ordered = r.random() < 0.4
    return [block("item", prose.item(), ordered=ordered) for _ in range(r.randint(3, 6))] + [paragraph(prose)]


def deck(prose, slides=6, tables=1):
    """Slides: each a heading of level 1, then bullets, a table or a paragraph."""
    r = prose.random
    blocks = [block("title", prose.title(), level=1), block("paragraph", prose.sentence())]
    kinds = (["table"] * tables + ["bullets"] * slides)[:slides]
    r.shuffle(kinds)
    for kind in kinds:
        blocks.append(block("heading", prose.heading(), level=1))
        if kind == "table":
            blocks.append(table(prose, r.randint(2, 5), r.randint(3, 4)))
        else:
            blocks += [block("item", prose.item()) for _ in range(r.randint(2, 5))]
    return Document(blocks, prose.language, prose.direction)


def workbook(prose, sheets=2, rows=20, empty=0.0):
    """Sheets, each a heading with the sheet's name and a table with numbers as cells show them."""
    r = prose.random
    blocks = []
    for number in range(sheets):
        name = f"{prose.noun()} {prose.noun()}"[:24].capitalize() + f" {number + 1}"
        blocks.append(block("heading", name, level=1))
        columns = r.randint(3, 6)
        kinds = ["label"] + [r.choice(["integer", "decimal", "date", "label", "sentence"]) for _ in range(columns - 1)]
        cells = [[f"{prose.noun()} {prose.noun()}" for _ in kinds]]
        for _ in range(rows):
            row = [cell(prose, kind) for kind in kinds]
            cells.append([text if i == 0 or r.random() >= empty else "" for i, text in enumerate(row)])
        blocks.append(Block("table", cells=cells))
    return Document(blocks, prose.language)


def cell(prose, kind):
    r = prose.random
    if kind == "integer":
        return str(r.randint(-500, 99999))
    if kind == "decimal":
        return f"{r.randint(0, 999)}.{r.randint(0, 9)}{r.randint(1, 9)}"
    return getattr(prose, kind)()
