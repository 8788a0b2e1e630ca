"""Samples that hold documents: archives of all kinds, a mail, and bombs of them."""

import base64
import bz2
import gzip
import io
import lzma
import quopri
import struct
import tarfile
import zipfile

TIME = (2024, 5, 1, 12, 0, 0)


def archive(files, method=zipfile.ZIP_DEFLATED):
    """A zip of (name, bytes); the name `locked.txt` gets the mark of an encrypted file, `link.txt` that of a symbolic link."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method, compresslevel=9) as out:
        for name, content in files:
            entry = zipfile.ZipInfo(name, TIME)
            entry.compress_type = method
            entry.external_attr = (0o120777 if name == "link.txt" else 0o100644) << 16
            out.writestr(entry, content)
    data = bytearray(file.getvalue())
    for signature, flags, name in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            if data[at + name:].startswith(b"locked.txt"):
                data[at + flags] |= 1
    return bytes(data)


def tar(files):
    """A TAR of (name, bytes), with a symbolic link, a hard link to the first file, and a device besides."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as out:
        def add(name, content=b"", kind=tarfile.REGTYPE, target=""):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.type, entry.linkname = len(content), 1714564800, kind, target
            out.addfile(entry, io.BytesIO(content))
        for name, content in files:
            add(name, content)
        add("folder", kind=tarfile.DIRTYPE)
        add("symbolic.txt", kind=tarfile.SYMTYPE, target="/etc/passwd")
        add("hard.txt", kind=tarfile.LNKTYPE, target=files[0][0])
        add("device", kind=tarfile.CHRTYPE)
    return file.getvalue()


def compressed(data):
    """The same bytes by each method, by the ending of its name. Zstandard's blocks are stored (RFC 8878, 3.1.1)."""
    blocks = [data[at:at + 100_000] for at in range(0, len(data), 100_000)]
    zstd = b"\x28\xb5\x2f\xfd" + b"\xa0" + struct.pack("<I", len(data))
    for number, block in enumerate(blocks):
        zstd += struct.pack("<I", len(block) << 3 | (number == len(blocks) - 1))[:3] + block
    return {"gz": gzip.compress(data, 9, mtime=0), "bz2": bz2.compress(data), "xz": lzma.compress(data), "zst": zstd}


def bomb():
    """Zips in a zip, each with 256 MB of nothing; every other one says that it has 4 KB."""
    honest = archive([("nothing.txt", bytes(256 << 20)), ("after.txt", b"After the storm.\n")], zipfile.ZIP_BZIP2)
    liar = honest.replace(struct.pack("<I", 256 << 20), struct.pack("<I", 4096))
    return archive([("note.txt", b"Before the storm.\n")] + [(f"{n}.zip", liar if n % 2 else honest) for n in range(8)])


# Mail -----------------------------------------------------------------------------------------------------------

FLOWED = """A wagon is never lost; it waits in its siding for a \nwhile, and then goes on to where it belongs.

> Where is wagon 7? \n> Größe zählt.

On track two.
-- \nŽofie
"""
PAGE = """<html><body><p>A wagon is <b>never</b> lost.</p><img src="cid:logo@yard.example"></body></html>"""
FORWARDED = """From: =?iso-8859-15?Q?J=F6rg?= <joerg@example.org>
To: zofie@example.org
Subject: =?iso-2022-jp?B?GyRCRWw1fhsoQg==?=
Date: Tue, 30 Apr 2024 09:00:00 +0000
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

<p>Where is <i>wagon 7</i>?</p><table><tr><th>Track</th><th>State</th></tr><tr><td>1</td><td>free</td></tr></table>
"""


def mail(text, document):
    def part(head, body):
        return head.strip() + "\n\n" + body.strip("\n") + "\n"

    def parts(mark, all_parts):
        return "".join(f"--{mark}\n{each}\n" for each in all_parts) + f"--{mark}--\n"

    encoded = lambda data: base64.encodebytes(data).decode()
    plain = quopri.encodestring(FLOWED.replace("Ž", "Z").encode("iso-8859-1")).decode()
    plain = plain.replace("=20\n", " \n")
    pixel = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
                          "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082")
    related = parts("related", [
        part("Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64", encoded(PAGE.encode())),
        part("Content-Type: image/png; name=logo.png\nContent-Transfer-Encoding: base64\n"
             "Content-ID: <logo@yard.example>\nContent-Disposition: inline; filename=logo.png", encoded(pixel))])
    either = parts("either", [
        part("Content-Type: text/plain; charset=iso-8859-1; format=flowed\n"
             "Content-Transfer-Encoding: quoted-printable", plain),
        part("Content-Type: multipart/related; boundary=related", related)])
    whole = parts("whole", [
        part("Content-Type: multipart/alternative; boundary=either", either),
        part("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n"
             "Content-Disposition: attachment; filename*0*=UTF-8''Gr%C3%B6; filename*1*=%C3%9Fe.txt", encoded(text)),
        part("Content-Type: application/octet-stream; name=\"=?utf-8?B?w5xiZXIucGRm?=\"\n"
             "Content-Transfer-Encoding: base64\nContent-Disposition: attachment", encoded(document)),
        part("Content-Type: message/rfc822", FORWARDED)])
    head = """Return-Path: <zofie@example.org>
From: =?utf-8?Q?=C5=BDofie_M=C3=BCller?= <zofie@example.org>
To: Ada Berg <ada@example.org>,
\t=?iso-8859-1?Q?J=F6rg?= <joerg@example.org>
Cc: yard@example.org
Subject: =?utf-8?Q?The_yard_at_night:_Gr=C3=B6?=
 =?utf-8?B?w59l?=
Date: Wed, 01 May 2024 10:30:00 +0200
Message-ID: <1@yard.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=whole

This is a message in parts.

"""
    return (head + whole).encode("utf-8")


# Outlook --------------------------------------------------------------------------------------------------------

END, FREE = 0xFFFFFFFE, 0xFFFFFFFF


def compound(tree):
    """A compound file (MS-CFB, version 3) of a tree of names, with bytes or further trees."""
    entries, mini, small, sectors, fat = [], bytearray(), [], bytearray(), []

    def chained(table, count):
        first = len(table)
        table += [first + at + 1 for at in range(count)]
        if count:
            table[-1] = END
        return first if count else END

    def store(data):
        first = chained(fat, -(-len(data) // 512))
        sectors.extend(data + bytes(-len(data) % 512))
        return first

    def add(name, content, kind):
        entry = {"name": name, "kind": kind, "left": FREE, "right": FREE, "child": FREE, "start": 0, "size": 0}
        entries.append(entry)
        number = len(entries) - 1
        if isinstance(content, dict):
            entry["child"] = link(sorted(content.items(), key=lambda item: (len(item[0]), item[0].upper())))
        else:
            entry["size"] = len(content)
            if len(content) >= 4096:
                entry["start"] = store(content)
            else:
                entry["start"] = chained(small, -(-len(content) // 64))
                mini.extend(content + bytes(-len(content) % 64))
        return number

    def link(items):
        if not items:
            return FREE
        middle = len(items) // 2
        number = add(*items[middle], 1 if isinstance(items[middle][1], dict) else 2)
        entries[number]["left"], entries[number]["right"] = link(items[:middle]), link(items[middle + 1:])
        return number

    add("Root Entry", tree, 5)
    entries[0]["start"], entries[0]["size"] = store(bytes(mini)), len(mini)
    small_start, small_count = store(struct.pack(f"<{len(small)}I", *small)), -(-len(small) * 4 // 512)
    directory = b""
    for entry in entries:
        name = entry["name"].encode("utf-16-le") + b"\0\0"
        directory += struct.pack(
            "<64sHBB3I16sIQQIQ", name, len(name), entry["kind"], 1, entry["left"], entry["right"], entry["child"], b"",
            0, 0, 0, entry["start"], entry["size"])
    directory_start = store(directory)
    count = 1
    while count * 128 < len(fat) + count:
        count += 1
    fat_sectors = [len(fat) + at for at in range(count)]
    fat += [0xFFFFFFFD] * count
    fat += [FREE] * (count * 128 - len(fat))
    header = struct.pack(
        "<8s16s6H8I", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0, count, directory_start,
        0, 4096, small_start, small_count)
    header += struct.pack("<2I109I", END, 0, *(fat_sectors + [FREE] * (109 - count)))
    return header + bytes(sectors) + struct.pack(f"<{len(fat)}I", *fat)


def properties(header, numbers):
    """What MS-OXMSG calls the property stream: numbers by tag."""
    return bytes(header) + b"".join(struct.pack("<IIQ", tag, 6, value) for tag, value in numbers)


def texts(values, wide=True):
    form, code = ("001F", "utf-16-le") if wide else ("001E", "cp1252")
    return {f"__substg1.0_{number:04X}{form}": value.encode(code) for number, value in values.items()}


def outlook(document, text):
    """A message with HTML text only, receivers, two attachments, a picture in the text and a mail inside."""
    moment = (1714552200 + 11644473600) * 10_000_000
    person = lambda name, address, kind: {
        **texts({0x3001: name, 0x39FE: address}), "__properties_version1.0": properties(8, [(0x0C150003, kind)])}
    file = lambda name, data, more={}: {
        **texts({0x3707: name, **more}), "__substg1.0_37010102": data, "__properties_version1.0": properties(8, [])}
    inner = {
        **texts({0x0037: "Größe", 0x0C1A: "Jörg", 0x1000: "Wo ist Wagen 7?\r\n\r\n> Auf Gleis 2.\r\n"}, wide=False),
        "__properties_version1.0": properties(24, [(0x00390040, moment), (0x3FFD0003, 1252)]),
        "__attach_version1.0_#00000000": file("größe.txt", text),
    }
    page = '<html><body><p>A wagon is <b>never</b> lost. Größe.</p><img src="cid:logo@yard.example"></body></html>'
    return compound({
        **texts({0x0037: "The yard at night: 東京", 0x0C1A: "Žofie Müller", 0x5D01: "zofie@example.org"}),
        "__substg1.0_10130102": page.encode("cp1252"),
        "__properties_version1.0": properties(32, [(0x00390040, moment), (0x3FDE0003, 1252)]),
        "__nameid_version1.0": {},
        "__recip_version1.0_#00000000": person("Ada Berg", "ada@example.org", 1),
        "__recip_version1.0_#00000001": person("yard@example.org", "yard@example.org", 2),
        "__attach_version1.0_#00000000": file("plan.pdf", document),
        "__attach_version1.0_#00000001": file("logo.png", b"picture", {0x370E: "image/png", 0x3712: "logo@yard.example"}),
        "__attach_version1.0_#00000002": {
            **texts({0x3001: "Größe"}), "__substg1.0_3701000D": inner,
            "__properties_version1.0": properties(8, [(0x37050003, 5)])},
        "__attach_version1.0_#00000003": file("large.txt", text * 100),
    })
