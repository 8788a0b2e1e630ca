"""Bombs, false names, links and nesting: archives and mails."""

import base64
import bz2
import gzip as gz
import lzma
import zlib

from packing import MEBIBYTE, SYMBOLIC, Entry, gzip, pack, repeated, tar, tar_header, zstd
from suite import hostile

WORDS = b"A wagon is never lost."
GIBIBYTES = 4 << 30


# Bombs ----------------------------------------------------------------------------------------------------------

@hostile("spaces.zip", "completed", members={"too_large": 1})
def _(world):
    """A gibibyte of spaces, which fits the limit on members and no reader of text."""
    raw, crc = repeated(b" ", 1024)
    return pack([Entry("spaces.txt", raw=raw, crc=crc, size=1024 * MEBIBYTE)])


@hostile("lying.zip", "completed, corrupt", "completed", members={"corrupt": 1})
def _(world):
    """Says 10 bytes and has more."""
    raw, crc = repeated(b"0", 64)
    return pack([Entry("small.txt", raw=raw, crc=crc, size=10)])


@hostile("declared.zip", "completed", members={"too_large": 1, "completed": 1})
def _(world):
    return pack([Entry("a.txt", raw=b"\x03\0", crc=0, size=0xFFFFFFF0), ("b.txt", WORDS)])


@hostile("overlapping.zip", "completed", any_members=True)
def _(world):
    """Each of many entries has the same bytes: 300 names for 100 MB in one."""
    raw, crc = repeated(b"\0", 100)
    whole = pack([Entry("0000.bin", raw=raw, crc=crc, size=100 * MEBIBYTE)])
    start = len(raw) + 30 + 8
    entry = whole[start:-22]
    directory = b"".join(entry.replace(b"0000.bin", b"%04d.bin" % n) for n in range(300))
    return whole[:start] + directory + pack([])[:8] + (300).to_bytes(2, "little") * 2 + len(directory).to_bytes(
        4, "little") + start.to_bytes(4, "little") + b"\0\0"


@hostile("matryoshka.zip", "completed", members={"completed": 4, "too_deep": 1})
def _(world):
    inner = pack([("words.txt", WORDS)])
    for _ in range(20):
        inner = pack([("inner.zip", inner)])
    return inner


@hostile("entries.zip", "completed, too_many_members", members={"encrypted": 1000})
def _(world):
    return pack([Entry(f"{n}.txt", raw=b"", crc=0, flags=1) for n in range(60_000)])


@hostile("spaces.tar.gz", "completed", members={"too_large": 1, "completed": 1})
def _(world):
    head = tar([({"name": "a.txt"}, WORDS)])[:-1024] + tar_header("spaces.txt", 512 * MEBIBYTE)
    raw, crc = repeated(b" ", 512)
    return gz.compress(head) + gzip(raw, crc, 512 * MEBIBYTE) + gz.compress(bytes(1024))


@hostile("declared.tar.bz2", "completed, too_large", members={"completed": 1, "too_large": 1})
def _(world):
    head = tar([({"name": "a.txt"}, WORDS)])[:-1024] + tar_header("zeros.bin", GIBIBYTES)
    return bz2.compress(head) + bz2.compress(bytes(16 * MEBIBYTE)) * 256


@hostile("declared.tar.xz", "completed, too_large", members={"completed": 1, "too_large": 1})
def _(world):
    head = tar([({"name": "a.txt"}, WORDS)])[:-1024] + tar_header("zeros.bin", GIBIBYTES)
    return lzma.compress(head) + lzma.compress(bytes(16 * MEBIBYTE), preset=0) * 256


@hostile("declared.tar.zst", "completed, too_large", members={"completed": 1, "too_large": 1})
def _(world):
    head = tar([({"name": "a.txt"}, WORDS)])[:-1024] + tar_header("zeros.bin", GIBIBYTES)
    return zstd(head, b"\0", 4096)


@hostile("parts.tar.zst", "completed, too_large", any_members=True)
def _(world):
    """Nothing of it is too large alone."""
    file = b""
    for n in range(6):
        file += zstd(tar_header(f"{n}.bin", 256 * MEBIBYTE), b"\0", 256)[:-4] + b"\x01\0\0"
    return file


@hostile("long-name.tar.gz", "corrupt")
def _(world):
    raw, crc = repeated(b"x", 600)
    return gz.compress(tar_header("././@LongLink", 600 * MEBIBYTE, kind=b"L")) + gzip(raw, crc, 600 * MEBIBYTE)


@hostile("zeros.gz", "empty")
def _(world):
    raw, crc = repeated(b"\0", 2048)
    return gzip(raw, crc, 2048 * MEBIBYTE)


@hostile("dictionary.tar.xz", "unsupported")
def _(world):
    """Asks its reader for a dictionary of 1.5 GB."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 4096}]
    data = bytearray(lzma.compress(tar([({"name": "a.txt"}, WORDS)]), lzma.FORMAT_XZ, filters=filters))
    at = data.index(b"\x21\x01", 12) + 2
    data[at] = 39
    head = bytes(data[12:12 + (data[12] + 1) * 4])
    data[12 + len(head):12 + len(head) + 4] = zlib.crc32(head).to_bytes(4, "little")
    return bytes(data)


# Names and links -------------------------------------------------------------------------------------------------

def names(world):
    target = f"{world.canaries}/escaped".encode()
    up = b"../" * 40
    return [
        b"../../switchyard-escaped.txt", up + target[1:] + b"-1.txt", target + b"-2.txt", b"..\\..\\switchyard-escaped.txt",
        b"C:\\switchyard-escaped.txt", b"//host/share/switchyard-escaped.txt", b"a/" * 5000 + b"switchyard-escaped.txt",
        "\u202etxt.exe/\u2025/\uff0e\uff0e\uff0fswitchyard-escaped.txt".encode(), b"..\xc0\xafswitchyard-escaped.txt",
        b"%2e%2e%2fswitchyard-escaped.txt", b"switchyard-escaped.txt\0.png", b"con.txt", b"-rf switchyard-escaped.txt",
        b"$(touch switchyard-escaped.txt).txt", b"\x1b]0;switchyard-escaped\x07.txt", b".", b"..", b"/", b"",
    ]


@hostile("names.zip", "completed", "completed, corrupt", any_members=True)
def _(world):
    return pack([(name, WORDS) for name in names(world)])


@hostile("names.tar", "completed", "completed, corrupt", any_members=True)
def _(world):
    return tar([({"name": name}, WORDS) for name in names(world)])


@hostile("names-pax.tar", "completed", "completed, corrupt", any_members=True)
def _(world):
    entries = []
    for name in names(world):
        record = b" path=" + name + b"\n"
        size = next(n for n in range(len(record), len(record) + 9) if len(str(n)) + len(record) == n)
        entries += [({"name": "PaxHeader", "kind": b"x"}, b"%d" % size + record), ({"name": "plain.txt"}, WORDS)]
    return tar(entries)


@hostile("links.zip", "completed", members={"completed": 1})
def _(world):
    """A link and then a file through it."""
    target = world.canaries.encode()
    return pack([Entry("out", target, mode=SYMBOLIC), Entry("secret.txt", target + b"/secret.txt", mode=SYMBOLIC),
                 ("out/escaped.txt", WORDS)])


@hostile("links.tar", "completed", members={"completed": 1})
def _(world):
    secret = f"{world.canaries}/secret.txt".encode()
    return tar([
        ({"name": "out", "kind": b"2", "link": world.canaries.encode()}, b""),
        ({"name": "symbolic", "kind": b"2", "link": secret}, b""), ({"name": "hard", "kind": b"1", "link": secret}, b""),
        ({"name": "itself", "kind": b"2", "link": b"itself"}, b""),
        ({"name": "disk", "kind": b"4", "device": (8, 0)}, b""), ({"name": "zero", "kind": b"3", "device": (1, 5)}, b""),
        ({"name": "pipe", "kind": b"6"}, b""), ({"name": "out/escaped.txt"}, WORDS)])


@hostile("links-only.tar", "completed")
def _(world):
    return tar([({"name": str(n), "kind": b"2", "link": b"/etc/passwd"}, b"") for n in range(5000)])


@hostile("locked.zip", "completed", members={"encrypted": 2, "completed": 1})
def _(world):
    """The old encryption and that of AES, whose entries are of method 99."""
    aes = b"\x01\x99\x07\0\x02\0AE\x03\x08\0"
    return pack([Entry("old.txt", raw=bytes(34), crc=1, size=22, flags=1),
                 Entry("aes.txt", raw=bytes(50), crc=0, size=22, flags=1, method=99, extra=aes), ("open.txt", WORDS)])


# Mails -----------------------------------------------------------------------------------------------------------

HEAD = "From: a@example.org\nSubject: Hostile\nDate: Wed, 01 May 2024 10:30:00 +0200\nMIME-Version: 1.0\n"


def multipart(boundary, parts, kind="mixed"):
    return (f"Content-Type: multipart/{kind}; boundary={boundary}\n\n"
            + "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n")


def attached(name, data):
    return (f'Content-Type: application/octet-stream; name="{name}"\nContent-Transfer-Encoding: base64\n'
            "Content-Disposition: attachment\n\n" + base64.encodebytes(data).decode())


@hostile("gzip.eml", "completed", members={"unsupported": 1, "completed": 1, "too_large": 1})
def _(world):
    raw, crc = repeated(b" ", 256)
    zipped = pack([Entry("spaces.txt", raw=raw, crc=crc, size=256 * MEBIBYTE)])
    return (HEAD + multipart("b", [attached("a.gz", gzip(raw, crc, 256 * MEBIBYTE)), attached("a.zip", zipped)])).encode()


@hostile("parts.eml", "completed, too_many_members", members={"completed": 1000})
def _(world):
    part = 'Content-Type: text/plain; name="a.txt"\nContent-Disposition: attachment\n\nA wagon is never lost.\n'
    return (HEAD + multipart("b", [part] * 10_000)).encode()


@hostile("nested-parts.eml", "completed, too_deep", "completed")
def _(world):
    inner = "Content-Type: text/plain\n\nDeep inside.\n"
    for depth in range(2000):
        inner = multipart(f"b{depth}", [inner])
    return (HEAD + inner).encode()


@hostile("nested-mails.eml", "completed", members={"completed": 4, "completed, too_deep": 1})
def _(world):
    mail = HEAD + "\nDeep inside.\n"
    for _ in range(200):
        mail = HEAD + "Content-Type: message/rfc822\n\n" + mail
    return mail.encode()


@hostile("partial.eml", "completed", members={"completed": 3})
def _(world):
    """A piece of a mail that names itself as the other piece, and a body that lies elsewhere."""
    partial = 'Content-Type: message/partial; id="<1@example.org>"; number=1; total=2\n\n' + HEAD + "\nItself.\n"
    external = (f"Content-Type: message/external-body; access-type=local-file; name=\"{world.canaries}/secret.txt\"\n\n"
                f"Content-Type: text/plain\n\n")
    remote = f"Content-Type: message/external-body; access-type=URL; URL=\"{world.url}\"\n\nContent-Type: text/plain\n\n"
    return (HEAD + "Message-ID: <1@example.org>\n" + multipart("b", [partial, external, remote])).encode()


@hostile("same-boundary.eml", "completed", "completed, corrupt", "completed, too_deep", "empty", any_members=True)
def _(world):
    return (HEAD + multipart("b", []) + multipart("b", ["Content-Type: multipart/mixed; boundary=b\n"] * 5000)).encode()


@hostile("headers.eml", "completed")
def _(world):
    return ("Subject: " + "long " * 800_000 + "\n" + "".join(f"X-{n}: {'y' * 100}\n" for n in range(50_000))
            + "To: " + ", ".join(f"a{n}@example.org" for n in range(50_000)) + "\n" + HEAD + "\nWords.\n").encode()


@hostile("traversal.eml", "completed", members={"completed": 3})
def _(world):
    return (HEAD + multipart("b", [
        attached("../../switchyard-escaped.txt", WORDS), attached(f"{world.canaries}/escaped.txt", WORDS),
        "Content-Type: text/plain\nContent-Disposition: attachment; filename*=UTF-8''..%2F..%2Fswitchyard-escaped%00.txt"
        "\n\nA wagon is never lost.\n"])).encode()
