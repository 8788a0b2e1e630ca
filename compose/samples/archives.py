"""The parts of the samples that are zip archives, but for DOCX: PPTX, XLSX, OpenDocument and EPUB."""

import io
import zipfile

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
R = f'xmlns:r="{REL}"'
TYPES = HEAD + """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/></Types>"""


def pack(parts, stored=()):
    """A zip archive whose bytes depend on the parts alone; `stored` names those that are not deflated."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts:
            entry = zipfile.ZipInfo(name, (2024, 5, 1, 12, 0, 0))
            entry.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content.encode(), compresslevel=9)
    return file.getvalue()


def relationships(entries):
    """`entries` are id, kind and target; a target with a scheme is outside."""
    lines = "".join(
        f'<Relationship Id="{id}" Type="{REL}/{kind}" Target="{target}"'
        + (' TargetMode="External"/>' if "://" in target else "/>") for id, kind, target in entries)
    return HEAD + f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{lines}</Relationships>'


# PPTX -----------------------------------------------------------------------------------------------------------

P = ('xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
     'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" ' + R)


def shape(paragraphs, placeholder=None, at=None):
    kind = f'<p:nvPr><p:ph type="{placeholder}"/></p:nvPr>' if placeholder else "<p:nvPr/>"
    place = f'<a:xfrm><a:off x="{at[0]}" y="{at[1]}"/></a:xfrm>' if at else ""
    return (f"<p:sp><p:nvSpPr>{kind}</p:nvSpPr><p:spPr>{place}</p:spPr>"
            f"<p:txBody>{''.join(paragraphs)}</p:txBody></p:sp>")


def words(content, level=0, mark=""):
    return f'<a:p><a:pPr lvl="{level}">{mark}</a:pPr>{content}</a:p>'


def run(text, props=""):
    return f"<a:r><a:rPr {props}/><a:t>{text}</a:t></a:r>"


def slide(shapes):
    return HEAD + f"<p:sld {P}><p:cSld><p:spTree>{''.join(shapes)}</p:spTree></p:cSld></p:sld>"


LINK = '<a:r><a:rPr><a:hlinkClick r:id="rId9"/></a:rPr><a:t>the yard</a:t></a:r>'
CELLS = [["Track", "State"], ["1", "free"], ["2", "occupied | locked"]]
GRID = "".join("<a:tr>" + "".join(f"<a:tc><a:txBody>{words(run(cell))}</a:txBody></a:tc>" for cell in row) + "</a:tr>"
               for row in CELLS)
FRAME = ('<p:graphicFrame><p:nvGraphicFramePr><p:nvPr/></p:nvGraphicFramePr><p:xfrm><a:off x="10" y="500"/></p:xfrm>'
         f"<a:graphic><a:graphicData><a:tbl>{GRID}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>")
# The shapes of the second slide are drawn from the lowest to the highest, and its title last.
SLIDES = [
    slide([shape([words(run("The yard handbook"))], "ctrTitle"), shape([words(run("For shunters"))], "subTitle"),
           shape([words('<a:fld type="slidenum"><a:t>1</a:t></a:fld>')], "sldNum")]),
    slide([FRAME, shape([words(run("a lamp") + run(" of brass", 'b="1"')), words(run("with oil"), 1),
                         words(run("No bullet here; see ") + LINK + run("."), 0, "<a:buNone/>"),
                         words(run("look"), 0, '<a:buAutoNum type="arabicPeriod"/>'),
                         words(run("move"), 0, '<a:buAutoNum type="arabicPeriod"/>')], "body", (10, 200)),
           shape([words(run("Größe zählt: 東京, 🚂."))], None, (10, 100)),
           shape([words(run("Tools"))], "title", (10, 10))]),
]
NOTES = slide([shape([words(run("Show the lamp."))], "body"), shape([words(run("2"))], "sldNum")])
DECK = (f'<p:presentation {P}><p:sldIdLst><p:sldId id="256" r:id="rId7"/><p:sldId id="257" r:id="rId2"/>'
        "</p:sldIdLst></p:presentation>")


def pptx(core):
    # The names of the slides are against their order.
    return pack([
        ("[Content_Types].xml", TYPES), ("_rels/.rels", relationships([("rId1", "officeDocument", "ppt/presentation.xml")])),
        ("docProps/core.xml", core), ("ppt/presentation.xml", HEAD + DECK),
        ("ppt/_rels/presentation.xml.rels",
         relationships([("rId2", "slide", "slides/slide1.xml"), ("rId7", "slide", "slides/slide2.xml")])),
        ("ppt/slides/slide1.xml", SLIDES[1]), ("ppt/slides/slide2.xml", SLIDES[0]),
        ("ppt/slides/_rels/slide1.xml.rels",
         relationships([("rId1", "notesSlide", "../notesSlides/notesSlide1.xml"),
                        ("rId9", "hyperlink", "https://example.org/yard")])),
        ("ppt/notesSlides/notesSlide1.xml", NOTES)])


# XLSX -----------------------------------------------------------------------------------------------------------

S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ' + R
STRINGS = ["Wagon", "Load", "Due", "<r><t>hard </t></r><r><t>coal</t></r><rPh><t>read so</t></rPh>"]
SHARED = "".join(f"<si>{text if '<' in text else f'<t>{text}</t>'}</si>" for text in STRINGS)
# Styles: 0 as it is, 1 a built-in date, 2 a date and time of its own, 3 a percentage, 4 words in the format.
CELL_STYLES = ('<numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm"/><numFmt numFmtId="165" '
               'formatCode="0.0&quot; days&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>'
               + "".join(f'<xf numFmtId="{id}"/>' for id in (0, 14, 164, 9, 165)) + "</cellXfs>")
FIRST_SHEET = """<row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2" t="s"><v>1</v></c><c r="E2" t="s"><v>2</v></c></row>
<row r="3"><c r="B3"><v>7</v></c><c r="C3" t="s"><v>3</v></c><c r="E3" s="1"><v>45413</v></c></row>
<row r="4"><c r="B4"><f>0.1+0.2</f><v>0.30000000000000004</v></c><c r="C4" t="inlineStr"><is><t>iron &amp; tin</t></is></c>
<c r="E4" s="2"><v>45413.4375</v></c></row>
<row r="5"><c r="B5" t="b"><v>1</v></c><c r="C5" s="3"><v>0.125</v></c><c r="E5" s="4"><v>2.5</v></c></row>
<row r="1048576"><c r="XFD1048576"/></row>"""
SECOND_SHEET = '<row r="1"><c r="A1" t="str"><v>Größe zählt</v></c></row>'


def xlsx(core):
    sheet = lambda rows: HEAD + f"<worksheet {S}><sheetData>{rows}</sheetData></worksheet>"
    book = ('<sheets><sheet name="Wagons" sheetId="1" r:id="rId1"/><sheet name="More" sheetId="2" r:id="rId2"/></sheets>')
    return pack([
        ("[Content_Types].xml", TYPES), ("_rels/.rels", relationships([("rId1", "officeDocument", "xl/workbook.xml")])),
        ("docProps/core.xml", core), ("xl/workbook.xml", HEAD + f"<workbook {S}>{book}</workbook>"),
        ("xl/_rels/workbook.xml.rels",
         relationships([("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "worksheet", "/xl/worksheets/sheet2.xml"),
                        ("rId3", "sharedStrings", "sharedStrings.xml"), ("rId4", "styles", "styles.xml")])),
        ("xl/sharedStrings.xml", HEAD + f"<sst {S}>{SHARED}</sst>"),
        ("xl/styles.xml", HEAD + f"<styleSheet {S}>{CELL_STYLES}</styleSheet>"),
        ("xl/worksheets/sheet1.xml", sheet(FIRST_SHEET)), ("xl/worksheets/sheet2.xml", sheet(SECOND_SHEET))])


# OpenDocument ---------------------------------------------------------------------------------------------------

SPACES = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{rest}"' for name, rest in [
    ("office", "office:1.0"), ("text", "text:1.0"), ("style", "style:1.0"), ("table", "table:1.0"),
    ("draw", "drawing:1.0"), ("presentation", "presentation:1.0"), ("meta", "meta:1.0"),
    ("fo", "xsl-fo-compatible:1.0"), ("svg", "svg-compatible:1.0")]) + (
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"')
META = HEAD + f"""<office:document-meta {SPACES}><office:meta><dc:title>The yard handbook</dc:title>
<meta:initial-creator>Žofie Müller</meta:initial-creator><dc:creator>Somebody else</dc:creator>
<meta:creation-date>2024-05-01T08:30:00</meta:creation-date><dc:date>2024-06-02T10:00:00.5</dc:date>
</office:meta></office:document-meta>"""
NAMED_STYLES = HEAD + f"""<office:document-styles {SPACES}><office:styles>
<style:style style:name="Title"/><style:style style:name="Quotations"/><style:style style:name="Preformatted_20_Text"/>
</office:styles></office:document-styles>"""
OWN_STYLES = """<style:style style:name="P1" style:parent-style-name="Title"/>
<style:style style:name="P2" style:parent-style-name="Preformatted_20_Text"/>
<style:style style:name="T1"><style:text-properties fo:font-weight="bold"/></style:style>
<style:style style:name="T2"><style:text-properties fo:font-style="italic"/></style:style>
<text:list-style style:name="L1"><text:list-level-style-bullet text:level="1"/><text:list-level-style-bullet text:level="2"/></text:list-style>
<text:list-style style:name="L2"><text:list-level-style-number text:level="1" style:num-format="1"/></text:list-style>"""


def item(content):
    return f"<text:list-item>{content}</text:list-item>"


def text(content, style=None):
    return f'<text:p text:style-name="{style}">{content}</text:p>' if style else f"<text:p>{content}</text:p>"


def row(cells, repeated=1):
    return f'<table:table-row table:number-rows-repeated="{repeated}">{cells}</table:table-row>'


def cell(content="", repeated=1):
    inner = text(content) if content else ""
    return f'<table:table-cell table:number-columns-repeated="{repeated}">{inner}</table:table-cell>'


WRITER = "".join([
    text("The yard handbook", "P1"), '<text:h text:outline-level="1">How work is done</text:h>',
    text('Every wagon   has a <text:span text:style-name="T1">destination</text:span> and a '
         '<text:span text:style-name="T2">deadline</text:span>; see <text:a xlink:href="https://example.org/yard">'
         '<text:span text:style-name="T1">the yard</text:span></text:a>.<text:note><text:note-citation>1'
         "</text:note-citation><text:note-body><text:p>As railways have known since 1846.</text:p></text:note-body>"
         "</text:note><office:annotation><text:p>Is this so?</text:p></office:annotation>"),
    "<text:tracked-changes><text:changed-region><text:deletion><text:p>This was deleted.</text:p></text:deletion>"
    "</text:changed-region></text:tracked-changes>",
    '<text:h text:outline-level="2">Tools</text:h>',
    '<text:list text:style-name="L1">' + item(text("a lamp")) + item(
        text("a whistle") + "<text:list>" + item(text("of brass")) + "</text:list>") + "</text:list>",
    '<text:list text:style-name="L2">' + item(text("First, look.")) + item(text("Then, move.")) + "</text:list>",
    "<table:table>" + row(cell("Track") + cell("Length") + cell("State")) + row(cell("1") + cell() + cell("free"))
    + row(cell("2") + cell("650 m") + cell("occupied | locked")) + "</table:table>",
    text("yard --all", "P2"), text(' <text:s text:c="1"/>--dry-run', "P2"),
    text("Größe zählt: 東京, Ελλάδα, 🚂.", "Quotations"),
])
# A last row and a last column that stand for all that is blank, as spreadsheets write them.
CALC = ('<table:table table:name="Wagons">' + row(cell(repeated=16384), 3)
        + row(cell() + cell("Wagon") + cell("Load", 2) + cell(repeated=16381))
        + row(cell() + cell("7") + cell("coal") + cell(repeated=16382), 2)
        + row(cell(repeated=16384), 1048570) + "</table:table>"
        '<table:table table:name="More">' + row(cell("Größe zählt")) + "</table:table>")


def box(kind, content):
    return (f'<draw:frame presentation:class="{kind}"><svg:title>not this</svg:title><draw:text-box>{content}'
            "</draw:text-box></draw:frame>")


IMPRESS = ('<draw:page draw:name="one">' + box("title", text("The yard handbook")) + box("subtitle", text("For shunters"))
           + box("footer", text("every slide")) + "</draw:page>"
           '<draw:page draw:name="two">' + box("title", text('<text:span text:style-name="T1">Tools</text:span>'))
           + box("outline", '<text:list text:style-name="L1">' + item(text("a lamp")) + "</text:list>")
           + "<presentation:notes><draw:page-thumbnail/>" + box("notes", text("Show the lamp.")) + "</presentation:notes>"
           "</draw:page>")


def opendocument(kind, body, element=None):
    content = (f"<office:document-content {SPACES}><office:automatic-styles>{OWN_STYLES}</office:automatic-styles>"
               f"<office:body><office:{element or kind}>{body}</office:{element or kind}></office:body>"
               "</office:document-content>")
    return pack([("mimetype", "application/vnd.oasis.opendocument." + kind), ("content.xml", HEAD + content),
                 ("styles.xml", NAMED_STYLES), ("meta.xml", META),
                 ("META-INF/manifest.xml", HEAD + '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')],
                stored=["mimetype"])


# EPUB -----------------------------------------------------------------------------------------------------------

CONTAINER = HEAD + """<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = HEAD + """<package version="3.0" xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">
<metadata><dc:title>The yard handbook</dc:title><dc:title>Not this one</dc:title><dc:creator>Žofie Müller</dc:creator>
<dc:creator>Ada Berg</dc:creator><dc:language>en</dc:language><dc:date>2024-05-01</dc:date>
<meta property="dcterms:modified">2024-06-02T10:00:00Z</meta></metadata>
<manifest><item id="b" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>
<item id="a" href="./text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="css" href="style.css" media-type="text/css"/></manifest>
<spine><itemref idref="nav"/><itemref idref="a"/><itemref idref="b"/><itemref idref="lost"/></spine></package>"""


def chapter(content):
    return (HEAD + '<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><title>x</title></head>'
            f"<body>{content}</body></html>")


def epub():
    return pack([
        ("mimetype", "application/epub+zip"), ("META-INF/container.xml", CONTAINER), ("book/package.opf", PACKAGE),
        ("book/text/two b.xhtml", chapter("<h1>Tracks</h1><table><tr><th>Track</th><th>State</th></tr>"
                                          "<tr><td>1</td><td>free</td></tr></table><p>Größe zählt: 東京, 🚂.</p>")),
        ("book/nav.xhtml", chapter("<nav><ol><li>How work is done</li></ol></nav><p>Contents</p>")),
        ("book/text/one.xhtml", chapter("<h1>How work is done</h1><p>Every wagon has a <b>destination</b>.</p>"
                                        "<ul><li>a lamp</li></ul>")),
        ("book/style.css", "p {}")], stored=["mimetype"])
