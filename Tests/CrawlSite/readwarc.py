"""Reads WARC files, checks their digests, and prints a line for each record: type, status, URL, bytes of the payload."""

import gzip
import hashlib
import sys


def records(data):
    position = 0
    while position < len(data):
        end = data.index(b"\r\n\r\n", position)
        first, *lines = data[position:end].decode().split("\r\n")
        assert first == "WARC/1.1", first
        fields = dict(line.split(": ", 1) for line in lines)
        start = end + 4
        stop = start + int(fields["Content-Length"])
        assert data[stop : stop + 4] == b"\r\n\r\n", "a record has no end"
        yield fields, data[start:stop]
        position = stop + 4


def check(fields, name, content):
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    assert fields[name] == digest, (fields["WARC-Record-ID"], name)


for path in sys.argv[1:]:
    with gzip.open(path) as file:
        for fields, block in records(file.read()):
            check(fields, "WARC-Block-Digest", block)
            if fields["WARC-Type"] != "response":
                print(fields["WARC-Type"])
                continue
            head, payload = block.split(b"\r\n\r\n", 1)
            check(fields, "WARC-Payload-Digest", payload)
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            assert lengths == [b"content-length: %d" % len(payload)], lengths
            print("response", head.split(b" ")[1].decode(), fields["WARC-Target-URI"], len(payload))
