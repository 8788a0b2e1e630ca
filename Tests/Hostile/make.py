#!/usr/bin/env python3
"""Makes the hostile files of Tests/EndToEnd/HostileJobTests.swift, from nothing but Python's standard library.

usage: make.py FOLDER CANARIES URL

FOLDER gets the files, a sound document for each, and table.json: what `suite.hostile` says of each. CANARIES and URL are what
the files try to reach. The same arguments give the same bytes.
"""

import json
import os
import sys

sys.dont_write_bytecode = True

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, "..", "..", "compose", "samples")
sys.path.append(SAMPLES)

import markup
import pdfs
import suite

for family in ("collected", "texts", "damaged"):
    __import__(family)


def sound(number):
    """A document that is read without trouble, and its text."""
    words = f"Sound document {number}. A wagon is never lost; it waits in its siding for a while."
    if number % 3 == 0:
        stream = b"BT /F 10 Tf 36 700 Td (%s) Tj ET" % words.encode()
        return "pdf", pdfs.one_page({5: pdfs.stream(stream)}), words
    if number % 3 == 1:
        return "docx", markup.docx(words), words
    return "txt", words.encode(), words


def main():
    folder, canaries, url = sys.argv[1:]
    world = suite.World(canaries, url, SAMPLES)
    table = []
    for number, case in enumerate(suite.CASES):
        ending, data, text = sound(number)
        after = f"sound-{number}.{ending}"
        for name, content in [(case["name"], case["make"](world)), (after, data)]:
            with open(os.path.join(folder, name), "xb") as file:
                file.write(content)
        table.append({**{key: case[key] for key in ("name", "members", "shown")}, "ends": case["ends"],
                      "family": case["make"].__module__, "after": after, "text": text})
    with open(os.path.join(folder, "table.json"), "x") as file:
        json.dump(table, file)


main()
