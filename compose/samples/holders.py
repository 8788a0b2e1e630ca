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
