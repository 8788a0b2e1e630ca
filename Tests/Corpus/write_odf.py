"""Documents as flat OpenDocument text, which LibreOffice turns into ODT, DOCX and PDF."""

from xml.sax.saxutils import escape, quoteattr

from blocks import hyphenated

NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"' for name, urn in [
        ("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"), ("fo", "xsl-fo-compatible")])
SIZES = {1: 17, 2: 14, 3: 12, 4: 11}


def spans(block, hyphenate, notes):
    parts = []
    for span in block.spans:
        text = escape(hyphenated(span.text) if hyphenate else span.text)
        if span.style == "link":
            text = f'<text:a xlink:type="simple" xlink:href={quoteattr(span.target)}>{text}</text:a>'
        elif span.style == "note":
            notes.append(span)
            text = (f'<text:note text:id="n{len(notes)}" text:note-class="footnote"><text:note-citation>{len(notes)}'
                    f'</text:note-citation><text:note-body><text:p text:style-name="Footnote">{text}</text:p></text:note-body></text:note>')
        elif span.style:
            text = f'<text:span text:style-name="{span.style}">{text}</text:span>'
        parts.append(text)
    return "".join(parts)


def element(group, hyphenate, notes, number):
    first = group[0]
    if first.kind == "item":
        items = "".join(f'<text:list-item><text:p text:style-name="Body">{spans(item, hyphenate, notes)}</text:p></text:list-item>'
                        for item in group)
        return f'<text:list text:style-name="{"Numbers" if first.ordered else "Bullets"}">{items}</text:list>'
    if first.kind == "code":
        lines = [escape(line).replace("    ", '<text:s text:c="4"/>') for line in first.text.split("\n")]
        return "".join(f'<text:p text:style-name="Code">{line}</text:p>' for line in lines)
    if first.kind == "table":
        rows = [row(cells, "Head" if i == 0 else "Cell") for i, cells in enumerate(first.cells)]
        return (f'<table:table table:name="Table{number}" table:style-name="Table"><table:table-column '
                f'table:number-columns-repeated="{len(first.cells[0])}"/><table:table-header-rows>{rows[0]}</table:table-header-rows>'
                + "".join(rows[1:]) + "</table:table>")
    if first.kind == "title":
        return f'<text:p text:style-name="Title">{escape(first.text)}</text:p>'
    if first.kind == "heading":
        return (f'<text:h text:style-name="Heading_20_{first.level}" text:outline-level="{first.level}">'
                f"{escape(first.text)}</text:h>")
    return f'<text:p text:style-name="Body">{spans(first, hyphenate, notes)}</text:p>'


def row(cells, style):
    return "<table:table-row>" + "".join(
        f'<table:table-cell table:style-name="Cell" office:value-type="string"><text:p text:style-name="{style}">{escape(cell)}'
        "</text:p></table:table-cell>" for cell in cells) + "</table:table-row>"


def styles(document, font, size, rules, justify):
    align = "justify" if justify else "start"
    rtl = 'style:writing-mode="rl-tb"' if document.direction == "rtl" else ""
    language = document.language.split("-")[0]
    country = {"zh": "CN", "ja": "JP", "ko": "KR", "ar": "EG", "he": "IL"}.get(language, "GB")
    tags = "".join(f' fo:language{kind}="{language}" fo:country{kind}="{country}"'.replace("fo:language-", "style:language-")
                   .replace("fo:country-", "style:country-") for kind in ("", "-asian", "-complex"))
    sizes = lambda points: "".join(f' {prefix}:font-size{kind}="{points}pt"' for prefix, kind in
                                   [("fo", ""), ("style", "-asian"), ("style", "-complex")])
    bold = 'fo:font-weight="bold" style:font-weight-asian="bold" style:font-weight-complex="bold"'
    headings = "".join(
        f'<style:style style:name="Heading_20_{level}" style:display-name="Heading {level}" style:family="paragraph" '
        f'style:default-outline-level="{level}"><style:paragraph-properties fo:margin-top="4mm" fo:margin-bottom="2mm" '
        f'fo:keep-with-next="always" {rtl}/><style:text-properties {sizes(points)} {bold}/></style:style>'
        for level, points in SIZES.items())
    fonts = "".join(f' {name}="{font}"' for name in ("fo:font-family", "style:font-family-asian", "style:font-family-complex"))
    paragraph = lambda name, more, text="": (
        f'<style:style style:name="{name}" style:family="paragraph"><style:paragraph-properties {more} {rtl}/>'
        f"<style:text-properties {text}/></style:style>")
    return (
        f'<style:default-style style:family="paragraph"><style:paragraph-properties {rtl}/>'
        f"<style:text-properties{fonts}{sizes(size)}{tags}/></style:default-style>"
        + paragraph("Title", 'fo:margin-bottom="5mm"', f"{sizes(22)} {bold}") + headings
        + paragraph("Body", f'fo:margin-bottom="2.5mm" fo:text-align="{align}"')
        + paragraph("Code", "", 'fo:font-family="DejaVu Sans Mono" fo:font-size="9pt"')
        + paragraph("Footnote", "", sizes(9)) + paragraph("Cell", "", sizes(size - 1)) + paragraph("Head", "", f"{sizes(size - 1)} {bold}")
        + paragraph("Running", 'fo:text-align="center"', sizes(8))
        + '<style:style style:name="bold" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>'
        '<style:style style:name="italic" style:family="text"><style:text-properties fo:font-style="italic"/></style:style>'
        + "".join(f'<text:list-style style:name="{name}">{level}</text:list-style>' for name, level in [
            ("Bullets", f'<text:list-level-style-bullet text:level="1" text:bullet-char="•">{INDENT}</text:list-level-style-bullet>'),
            ("Numbers", f'<text:list-level-style-number text:level="1" style:num-suffix="." style:num-format="1">{INDENT}</text:list-level-style-number>')]))


INDENT = ('<style:list-level-properties text:list-level-position-and-space-mode="label-alignment"><style:list-level-label-alignment '
          'text:label-followed-by="listtab" fo:text-indent="-6mm" fo:margin-left="10mm"/></style:list-level-properties>')


def flat(document, font="Liberation Serif", size=11, columns=1, rules=True, justify=False, hyphenate=False, landscape=False):
    """The whole as one XML file; `columns` sets what is below the title in a section of columns."""
    notes = []
    parts = [element(group, hyphenate, notes, number) for number, group in enumerate(document.groups())]
    text = "".join(parts)
    if columns > 1:
        text = f'{parts[0]}<text:section text:style-name="Columns" text:name="Columns">{"".join(parts[1:])}</text:section>'
    running = lambda tag, line: (f"<style:{tag}><text:p text:style-name=\"Running\">"
                                 + escape(line).replace("#", "<text:page-number>1</text:page-number>")
                                 + f"</text:p></style:{tag}>" if line else "")
    kind = lambda tag, line: (f"<style:{tag}-style><style:header-footer-properties fo:min-height=\"8mm\" fo:margin-bottom=\"3mm\" "
                              f"fo:margin-top=\"3mm\"/></style:{tag}-style>" if line else "")
    border = "0.5pt solid #444444" if rules else "none"
    side = ('fo:page-width="297mm" fo:page-height="210mm" style:print-orientation="landscape"' if landscape
            else 'fo:page-width="210mm" fo:page-height="297mm"')
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document {NAMESPACES} xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text">
<office:meta><dc:title xmlns:dc="http://purl.org/dc/elements/1.1/">{escape(document.title)}</dc:title></office:meta>
<office:styles>{styles(document, font, size, rules, justify)}</office:styles>
<office:automatic-styles>
<style:style style:name="Cell" style:family="table-cell"><style:table-cell-properties fo:padding="1mm" fo:border="{border}"/></style:style>
<style:style style:name="Table" style:family="table"><style:table-properties fo:margin-top="2mm" fo:margin-bottom="3mm" table:align="margins" style:may-break-between-rows="false"/></style:style>
<style:style style:name="Columns" style:family="section"><style:section-properties text:dont-balance-text-columns="false"><style:columns
 fo:column-count="{columns}" fo:column-gap="7mm"/></style:section-properties></style:style>
<style:page-layout style:name="Page"><style:page-layout-properties {side} fo:margin="20mm"/>
{kind("header", document.header)}{kind("footer", document.footer)}</style:page-layout>
</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="Page">
{running("header", document.header)}{running("footer", document.footer)}</style:master-page></office:master-styles>
<office:body><office:text>{text}</office:text></office:body></office:document>
"""
