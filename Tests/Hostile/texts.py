"""Plain formats, pictures, and files that are not what they are called."""

import struct
import zlib

from packing import MEBIBYTE, repeated
from suite import hostile


# Texts ----------------------------------------------------------------------------------------------------------

@hostile("spaces.txt", "too_large")
def _(world):
    """Just over what is read whole."""
    return b" " * (129 * MEBIBYTE)


@hostile("blanks.txt", "too_large")
def _(world):
    return b" \n" * (20 * MEBIBYTE)


@hostile("one-line.txt", "completed")
def _(world):
    return b"a" * (4 * MEBIBYTE)


@hostile("deep.json", "completed")
def _(world):
    return b"[" * 500_000 + b"]" * 500_000


@hostile("deep-open.json", "completed")
def _(world):
    return b'{"a":' * 300_000


@hostile("deep.xml", "too_large")
def _(world):
    return b"<?xml version='1.0'?>" + b"<a>" * 100_000 + b"x" + b"</a>" * 100_000


@hostile("attributes.xml", "completed")
def _(world):
    return b"<?xml version='1.0'?><a " + b" ".join(b'a%d="x"' % n for n in range(5_000)) + b">Words.</a>"


@hostile("deep.html", "completed", shown="deep inside")
def _(world):
    return b"<html><body>" + b"<div><span>" * 20_000 + b"deep inside"


@hostile("lists.html", "completed", shown="deep inside")
def _(world):
    return b"<html><body>" + b"<ul><li>" * 10_000 + b"deep inside"


@hostile("deep.md", "completed")
def _(world):
    return b"> " * 5_000 + b"deep inside\n" + b"[" * 50_000 + b"\n\n" + b"*a **b " * 5_000


@hostile("deep.rtf", "unsupported")
def _(world):
    return b"{\\rtf1" + b"{\\b " * 500_000 + b"words"


@hostile("cells.csv", "out_of_memory")
def _(world):
    return b"1\n" * 10_000_000


@hostile("quoted.csv", "too_large")
def _(world):
    return b'a,b\n"' + b"x" * (50 * MEBIBYTE) + b'",c\n'


@hostile("open-quote.csv", "completed")
def _(world):
    return b'a,b\n1,2\n"' + b"x,y\n" * 500_000


@hostile("commas.csv", "completed")
def _(world):
    return b"," * 2_000_000 + b"\nx\n"


# Encodings ------------------------------------------------------------------------------------------------------

@hostile("utf7.html", "empty")
def _(world):
    """A script, as the encoding that it names has it."""
    return b'<html><head><meta charset="utf-7"></head><body>+ADw-script+AD4-words'


@hostile("halves.txt", "unsupported")
def _(world):
    return b"\xff\xfe" + b"".join(struct.pack("<H", unit) for unit in (0xD800, 0x41, 0xDC00, 0x42) * 2000)


@hostile("odd.txt", "completed")
def _(world):
    return b"\xfe\xff" + "words ".encode("utf-16-be") * 100 + b"\xd8"


@hostile("nuls.txt", "unsupported")
def _(world):
    return b"words\0more\0\0words" * 1000


@hostile("zeros.txt", "unsupported")
def _(world):
    return bytes(5 * MEBIBYTE)


@hostile("overlong.txt", "completed")
def _(world):
    return b"words \xc0\x80 \xe0\x80\x80 \xf8\x88\x80\x80\x80 \xed\xa0\x80 words " * 50


@hostile("wide.txt", "unsupported")
def _(world):
    return b"\xff\xfe\0\0" + struct.pack("<4I", 0x41, 0x110000, 0xFFFFFFFF, 0xD800) * 100


@hostile("controls.txt", "completed")
def _(world):
    return ("\x1b[2J\x1b]0;title\x07 \u202e\u2066 words " + "a" + "\u0300" * 100_000).encode()


@hostile("charset.html", "completed")
def _(world):
    return b'<html><head><meta charset="' + b"x" * 100_000 + b'"></head><body>words'


# Not what they are called ---------------------------------------------------------------------------------------

@hostile("program.pdf", "unsupported")
def _(world):
    with open("/proc/self/exe", "rb") as file:
        return file.read(MEBIBYTE)


@hostile("picture.docx", "empty")
def _(world):
    return picture(64, 64)


@hostile("page.pdf", "completed", shown="Words of a page.")
def _(world):
    return b"<!DOCTYPE html><html><body><p>Words of a page.</p></body></html>"


@hostile("document.txt", "completed", shown="Switchyard sample document")
def _(world):
    return world.sample("sample.pdf")


@hostile("document.png", "completed")
def _(world):
    return world.sample("sample.docx")


@hostile("text.zip", "completed", shown="words")
def _(world):
    return b"words and nothing else\n"


@hostile("both.pdf", "completed", any_members=True)
def _(world):
    """A PDF behind the start of an archive, and an archive behind a PDF: one reader or the other, never both."""
    return world.sample("sample.zip")[:30] + world.sample("sample.pdf") + world.sample("sample.zip")


@hostile("nothing.pdf", "empty")
def _(world):
    return b""


# Pictures -------------------------------------------------------------------------------------------------------

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(width, height, rows=None, more=b""):
    rows = zlib.compress(bytes((width + 1) * height)) if rows is None else rows
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + more
            + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


@hostile("huge.png", "out_of_memory")
def _(world):
    raw, _ = repeated(b"\0", 1024)
    return picture(100_000, 100_000, rows=b"\x78\x9c" + raw)


@hostile("largest.png", "corrupt")
def _(world):
    return picture(2_147_483_647, 2_147_483_647, rows=zlib.compress(bytes(1000)))


@hostile("profile.png", "empty")
def _(world):
    """A colour profile and a comment that are 1 GB each."""
    raw, _ = repeated(b"\0", 1024)
    return picture(32, 32, more=chunk(b"iCCP", b"x\0\0\x78\x9c" + raw) + chunk(b"zTXt", b"x\0\0\x78\x9c" + raw))


@hostile("huge.jpg", "corrupt")
def _(world):
    frame = b"\xff\xc0\0\x0b\x08" + struct.pack(">HH", 65_535, 65_535) + b"\x01\x01\x11\0"
    return b"\xff\xd8" + frame + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + bytes(1000) + b"\xff\xd9"


def tiff(pages, width, height):
    """Pictures in black and white, of one strip that all share."""
    file = bytearray(b"II*\0" + struct.pack("<I", 16) + bytes(8))
    for page in range(pages):
        tags = [(256, 4, width), (257, 4, height), (258, 3, 1), (259, 3, 1), (262, 3, 0), (273, 4, 8), (277, 3, 1),
                (278, 4, height), (279, 4, 8)]
        file += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
        last = page == pages - 1
        file += struct.pack("<I", 0 if last else len(file) + 4)
    return bytes(file)


@hostile("pages.tiff", "empty")
def _(world):
    return tiff(10_000, 8, 8)


@hostile("huge.tiff", "empty")
def _(world):
    return tiff(1, 1_000_000, 1_000_000)
