"""PDFs that go in circles, claim what they do not have, or ask for more than there is (PDF 32000-1)."""

import hashlib
import struct
import zlib

from packing import MEBIBYTE, repeated
from suite import hostile

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
WORDS = b"BT /F 12 Tf 72 700 Td (Words of a page) Tj ET"


def stream(data, entries=b""):
    return b"<< /Length %d %s >>\nstream\n" % (len(data), entries) + data + b"\nendstream"


def pdf(objects, trailer=b""):
    """A file of objects by number; the first is its catalogue."""
    file, places = bytearray(b"%PDF-1.5\n"), {}
    for number, content in objects.items():
        places[number] = len(file)
        file += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    size, start = max(objects) + 1, len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        file += b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 00000 f \n"
    return bytes(file) + b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)


def page(resources=b"", contents=b"5 0 R", more=b""):
    return (b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %s /Resources << /Font << /F 4 0 R >> %s >> %s >>"
            % (contents, resources, more))


def one_page(changes=None, catalogue=b"", **of_page):
    return pdf({1: b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalogue, 2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
                3: page(**of_page), 4: FONT, 5: stream(WORDS), **(changes or {})})


SHOWN = "Words of a page"


# Circles --------------------------------------------------------------------------------------------------------

@hostile("kids.pdf", "completed")
def _(world):
    """The tree of pages is its own branch."""
    return one_page({2: b"<< /Type /Pages /Count 3 /Kids [2 0 R 3 0 R 2 0 R] >>"})


@hostile("parents.pdf", "completed", shown=SHOWN)
def _(world):
    return one_page({3: page().replace(b"/Parent 2 0 R", b"/Parent 3 0 R").replace(b"/MediaBox [0 0 595 842]", b"")})


@hostile("outline.pdf", "completed", shown=SHOWN)
def _(world):
    entry = lambda n: b"<< /Title (Again) /Parent 6 0 R /Next %d 0 R /First %d 0 R /Last 7 0 R /Dest [3 0 R /Fit] >>" % (n, n)
    return one_page({6: b"<< /Type /Outlines /First 7 0 R /Last 8 0 R /Count 2 >>", 7: entry(8), 8: entry(7)},
                    catalogue=b"/Outlines 6 0 R")


def form(calls, more=b""):
    return stream(b" ".join(b"/X%d Do" % n for n in calls), b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources "
                  b"<< /XObject << %s >> >> " % b" ".join(b"/X%d %d 0 R" % (n, n) for n in calls) + more)


@hostile("form-itself.pdf", "completed", shown=SHOWN)
def _(world):
    return one_page({5: stream(WORDS + b" /X6 Do"), 6: form([6, 6])}, resources=b"/XObject << /X6 6 0 R >>")


@hostile("forms.pdf", "completed", shown=SHOWN)
def _(world):
    """Two that call each other, twice each."""
    return one_page({5: stream(WORDS + b" /X6 Do"), 6: form([7, 7]), 7: form([6, 6])},
                    resources=b"/XObject << /X6 6 0 R >>")


@hostile("glyph.pdf", "completed")
def _(world):
    """A letter whose drawing writes itself."""
    font = (b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /CharProcs << /a 6 0 R >> /Encoding "
            b"<< /Differences [65 /a] >> /FirstChar 65 /LastChar 65 /Widths [9] /Resources << /Font << /F 4 0 R >> >> >>")
    return one_page({4: font, 6: stream(b"9 0 d0 BT /F 1 Tf (AAAA) Tj ET")}).replace(b"(Words of a page)", b"(AAAAAAAAAAAAAAA)")


@hostile("length.pdf", "completed")
def _(world):
    """The length of a stream is the stream."""
    return one_page({5: b"<< /Length 5 0 R /Filter 5 0 R >>\nstream\n" + WORDS + b"\nendstream"})


@hostile("object-stream.pdf", "corrupt")
def _(world):
    """A stream of objects that lies in itself."""
    inner = b"3 0 6 0 " + page()
    rows = b"".join(struct.pack(">BHB", *row) for row in [(0, 0, 0), (1, 9, 0), (1, 60, 0), (2, 6, 0), (1, 120, 0), (1, 180, 0),
                                                          (2, 6, 1)])
    body = (b"%PDF-1.5\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Count 1 /Kids [3 0 R] "
            b">>\nendobj\n6 0 obj\n" + stream(inner, b"/Type /ObjStm /N 2 /First 8 /Extends 6 0 R") + b"\nendobj\n")
    return body + b"7 0 obj\n" + stream(
        rows, b"/Type /XRef /Size 7 /W [1 2 1] /Root 1 0 R") + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


@hostile("previous.pdf", "completed")
def _(world):
    """The table of objects has itself before it."""
    file = one_page()
    start = file.rindex(b"xref\n0 ", 0, file.rindex(b"startxref"))
    return file.replace(b"/Root 1 0 R", b"/Prev %d /Root 1 0 R" % start)


@hostile("threads.pdf", "completed", shown=SHOWN)
def _(world):
    """Names, fields and structure in circles."""
    loop = lambda n: b"<< /Kids [%d 0 R] /Parent %d 0 R /S /P /K [%d 0 R] /FT /Tx /T (x) >>" % (n, n, n)
    return one_page({6: loop(7), 7: loop(6)}, catalogue=b"/Names << /Dests 6 0 R /EmbeddedFiles 6 0 R >> /AcroForm << /Fields "
                    b"[6 0 R] >> /StructTreeRoot 6 0 R /MarkInfo << /Marked true >>")


# Claims ---------------------------------------------------------------------------------------------------------

@hostile("claims.pdf", "corrupt")
def _(world):
    return one_page({2: b"<< /Type /Pages /Count 100000 /Kids [3 0 R] >>"})


@hostile("negative.pdf", "corrupt")
def _(world):
    return one_page({2: b"<< /Type /Pages /Count -2147483648 /Kids [3 0 R] >>"})


@hostile("pages.pdf", "too_many_pages")
def _(world):
    """100,000 pages that are there."""
    count, width = 100_000, 100
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 4: FONT, 5: stream(WORDS)}
    branches = range(6, 6 + count // width)
    objects[2] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, b" ".join(b"%d 0 R" % n for n in branches))
    leaf = 6 + count // width
    for branch in branches:
        kids = b" ".join(b"%d 0 R" % n for n in range(leaf, leaf + width))
        objects[branch] = b"<< /Type /Pages /Parent 2 0 R /Count %d /Kids [%s] >>" % (width, kids)
        for number in range(leaf, leaf + width):
            objects[number] = page().replace(b"2 0 R", b"%d 0 R" % branch)
        leaf += width
    return pdf(objects)


@hostile("deep-tree.pdf", "completed")
def _(world):
    depth = 20_000
    objects = {1: b"<< /Type /Catalog /Pages 6 0 R >>", 2: b"<< /Type /Pages /Parent %d 0 R /Count 1 /Kids [3 0 R] >>" % (
        depth + 5), 3: page(), 4: FONT, 5: stream(WORDS)}
    for number in range(6, 6 + depth):
        below = number + 1 if number < depth + 5 else 2
        objects[number] = b"<< /Type /Pages /Parent %d 0 R /Count 1 /Kids [%d 0 R] >>" % (max(6, number - 1), below)
    return pdf(objects)


@hostile("arrays.pdf", "completed")
def _(world):
    return one_page({6: b"[" * 500_000 + b"]" * 500_000}, resources=b"/ExtGState 6 0 R", more=b"/Annots 6 0 R")


@hostile("box.pdf", "completed")
def _(world):
    return one_page().replace(b"[0 0 595 842]", b"[-9e9 -9e9 9e9 9e9]")


@hostile("picture.pdf", "empty")
def _(world):
    """A page of one picture of 100,000 by 100,000 points, most of which are missing."""
    raw, _ = repeated(b"\0", 64)
    image = stream(b"\x78\x9c" + raw, b"/Type /XObject /Subtype /Image /Width 100000 /Height 100000 /ColorSpace /DeviceGray "
                   b"/BitsPerComponent 8 /Filter /FlateDecode")
    return one_page({5: stream(b"595 0 0 842 0 0 cm /X6 Do"), 6: image}, resources=b"/XObject << /X6 6 0 R >>")


# Bombs ----------------------------------------------------------------------------------------------------------

@hostile("spaces.pdf", "empty")
def _(world):
    """A page of 128 MB of spaces between its operators."""
    raw, _ = repeated(b" ", 128)
    return one_page({5: stream(b"\x78\x9c" + raw, b"/Filter /FlateDecode")})


@hostile("twice.pdf", "empty")
def _(world):
    """The same, packed twice."""
    raw, _ = repeated(b" ", 128)
    return one_page({5: stream(zlib.compress(b"\x78\x9c" + raw), b"/Filter [/FlateDecode /FlateDecode]")})


@hostile("filters.pdf", "empty")
def _(world):
    return one_page({5: stream(WORDS, b"/Filter [" + b"/ASCIIHexDecode " * 2_000 + b"]")})


@hostile("text.pdf", "completed")
def _(world):
    """60 MB of words in one place, of which a reader keeps the first."""
    line = b"BT /F 1 Tf 1 0 0 1 10 10 Tm (" + b"Words " * 100 + b") Tj ET\n"
    piece = line * (MEBIBYTE // len(line))
    packer = zlib.compressobj(9)
    data = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(60):
        data += packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    return one_page({5: stream(data + packer.flush(), b"/Filter /FlateDecode")})


# Fonts ----------------------------------------------------------------------------------------------------------

def composite(more=b""):
    return {4: b"<< /Type /Font /Subtype /Type0 /BaseFont /Nameless /Encoding /Identity-H /DescendantFonts [6 0 R] %s >>" % more,
            6: b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Nameless /CIDSystemInfo << /Registry (Adobe) /Ordering "
               b"(Identity) /Supplement 0 >> /FontDescriptor 7 0 R >>",
            7: b"<< /Type /FontDescriptor /FontName /Nameless /Flags 4 /FontBBox [0 0 1000 1000] >>",
            5: stream(b"BT /F 12 Tf 72 700 Td <004100420043004400450046> Tj ET")}


@hostile("no-map.pdf", "completed")
def _(world):
    """Glyphs by number, and nothing that says what they are."""
    return one_page(composite())


@hostile("map-itself.pdf", "completed")
def _(world):
    """A map that uses itself, and a range of all numbers there are."""
    table = (b"/CIDInit /ProcSet findresource begin begincmap /M usecmap 1 begincodespacerange <00000000> <FFFFFFFF> "
             b"endcodespacerange 1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange endcmap")
    return one_page({**composite(b"/ToUnicode 8 0 R"), 8: stream(table, b"/Type /CMap /CMapName /M /UseCMap 8 0 R")})


@hostile("map-nul.pdf", "completed")
def _(world):
    """Letters that are NUL, half of a pair and signs that turn the line around."""
    table = (b"begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange 4 beginbfchar <0041> <0000> <0042> <D800> <0043> "
             b"<202E> <0044> <DC00D800> endbfchar endcmap")
    return one_page({**composite(b"/ToUnicode 8 0 R"), 8: stream(table)})


@hostile("broken-font.pdf", "completed")
def _(world):
    """A font program of nonsense."""
    noise = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(2000))
    return one_page({**composite(), 7: b"<< /Type /FontDescriptor /FontName /Nameless /Flags 4 /FontBBox [0 0 9 9] "
                     b"/FontFile2 8 0 R >>", 8: stream(b"\0\1\0\0\xff\xff" + noise)})


# Outside --------------------------------------------------------------------------------------------------------

@hostile("outside.pdf", "completed", shown=SHOWN)
def _(world):
    """Streams in other files, scripts and programs to be started."""
    file, url = f"{world.canaries}/secret.txt".encode(), world.url.encode()
    return one_page({
        6: b"<< /Length 0 /F << /Type /Filespec /F (%s) /FS /URL >> >>\nstream\n\nendstream" % file,
        7: b"<< /S /Launch /F (/bin/touch) /Win << /F (touch) /P (%s) >> /Next 8 0 R >>" % file,
        8: b"<< /S /JavaScript /JS (app.launchURL\\('%s'\\)) /Next << /S /URI /URI (%s) >> >>" % (url, url)},
        contents=b"[5 0 R 6 0 R]", catalogue=b"/OpenAction 7 0 R")


# Passwords ------------------------------------------------------------------------------------------------------

PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def rc4(key, data):
    state, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    i = j = 0
    for byte in data:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) & 255])
    return bytes(out)


def locked(user, rights):
    """With passwords by the oldest of the standard handlers (7.6.3)."""
    pad = lambda text: (text + PADDING)[:32]
    owner = rc4(hashlib.md5(pad(b"owner")).digest()[:5], pad(user))
    identity = hashlib.md5(b"hostile").digest()
    key = hashlib.md5(pad(user) + owner + struct.pack("<i", rights) + identity).digest()[:5]
    of_object = hashlib.md5(key + b"\5\0\0\0\0").digest()[:10]
    return pdf({
        1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>", 3: page(), 4: FONT,
        5: stream(rc4(of_object, WORDS)),
        6: b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P %d >>" % (
            owner.hex().encode(), rc4(key, PADDING).hex().encode(), rights)},
        trailer=b"/Encrypt 6 0 R /ID [<%s> <%s>]" % (identity.hex().encode(), identity.hex().encode()))


@hostile("user-password.pdf", "encrypted")
def _(world):
    return locked(b"secret", -4)


@hostile("owner-password.pdf", "completed", shown=SHOWN)
def _(world):
    """Opens for all, and asks its readers not to copy."""
    return locked(b"", -20)


@hostile("unknown-lock.pdf", "encrypted")
def _(world):
    return locked(b"", -4).replace(b"/Filter /Standard /V 1 /R 2", b"/Filter /Nobodys /V 9 /R 9")
