"""Writers of archives that say what they like: sizes, names, kinds of entries."""

import struct
import zlib

MEBIBYTE = 1 << 20
SYMBOLIC, REGULAR = 0o120777, 0o100644


def repeated(byte, mebibytes):
    """A raw deflate stream of one byte over and over, with its CRC-32: made from one piece, so it takes no time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = byte * MEBIBYTE
    # A full flush forgets what came before: what follows the first piece is the same each time.
    first = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = 0
    for _ in range(mebibytes):
        crc = zlib.crc32(piece, crc)
    return first + again * (mebibytes - 1) + packer.flush(), crc


def deflated(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


class Entry:
    """One entry of a zip archive (APPNOTE.TXT 4.3); what is not given is what the data has."""

    def __init__(self, name, data=b"", raw=None, crc=None, size=None, flags=0, mode=REGULAR, method=8, extra=b""):
        self.name = name if isinstance(name, bytes) else name.encode()
        data = data if isinstance(data, bytes) else data.encode()
        self.raw = deflated(data) if raw is None else raw
        self.crc = zlib.crc32(data) if crc is None else crc
        self.size = len(data) if size is None else size
        self.flags, self.mode, self.method, self.extra = flags | 0x800, mode, method, extra


def pack(entries):
    """A zip archive of entries, or of pairs of name and data."""
    file, directory, count = bytearray(), bytearray(), 0
    for entry in entries:
        entry = entry if isinstance(entry, Entry) else Entry(*entry)
        fields = struct.pack("<HHHIIIIHH", 20, entry.flags, entry.method, 0, entry.crc, len(entry.raw), entry.size,
                             len(entry.name), len(entry.extra))
        directory += struct.pack("<IH", 0x02014B50, 0x031E) + fields
        directory += struct.pack("<HHHII", 0, 0, 0, entry.mode << 16, len(file)) + entry.name + entry.extra
        file += struct.pack("<I", 0x04034B50) + fields + entry.name + entry.extra + entry.raw
        count += 1
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), len(file), 0)
    return bytes(file + directory + end)


def tar_header(name, size=0, kind=b"0", link=b"", device=(0, 0)):
    """One header (POSIX.1, ustar interchange format); sizes that octal digits cannot have are binary."""
    name = name if isinstance(name, bytes) else name.encode()
    digits = b"%011o\0" % size if size < 1 << 33 else struct.pack(">IQ", 0x80000000, size)
    head = bytearray(512)
    for at, field in [(0, name[:100]), (100, b"0000644\0"), (108, b"0000000\0"), (116, b"0000000\0"), (124, digits),
                      (136, b"00000000000\0"), (148, b" " * 8), (156, kind), (157, link[:100]), (257, b"ustar\x0000"),
                      (329, b"%07o\0" % device[0]), (337, b"%07o\0" % device[1])]:
        head[at:at + len(field)] = field
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def tar(entries):
    """A TAR of pairs of a header's arguments and data."""
    file = bytearray()
    for arguments, data in entries:
        file += tar_header(**{"size": len(data), **arguments}) + data + bytes(-len(data) % 512)
    return bytes(file + bytes(1024))


def gzip(raw, crc, size):
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + raw + struct.pack("<II", crc, size & 0xFFFFFFFF)


def zstd(head, byte, mebibytes):
    """A frame of bytes as they are and then of one byte over and over (RFC 8878, 3.1.1): eight blocks a mebibyte."""
    block = lambda kind, size, last=0: struct.pack("<I", size << 3 | kind << 1 | last)[:3]
    return (b"\x28\xb5\x2f\xfd\0\x38" + block(0, len(head)) + head + (block(1, 128 << 10) + byte) * (8 * mebibytes)
            + block(1, 1, last=1) + byte)
