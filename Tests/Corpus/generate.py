#!/usr/bin/env python3
"""Makes the corpus: generate.py FOLDER [--seed N] [--only TEXT].

Every document is composed from word lists of our own, so that its text and structure are known; the file is then made by
LibreOffice, Chromium, pandoc, LaTeX or an office library. FOLDER/NAME.EXT stands beside its truth, FOLDER/NAME.truth.json:
the ordered blocks (kind, text, level, cells; a footnote has its mark and the word before it), and what repeats on every page.
Texts are the same for the same seed; bytes are not, because programs write times. A file whose source is as it was is kept.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import makers
from plan import CODE, plan

SEED = 4


def digest(case):
    code = b"".join(path.read_bytes() for path in CODE)
    return hashlib.sha256(repr((case.document, case.source, case.maker, case.finish)).encode() + code).hexdigest()


def generate(folder, seed=SEED, only=""):
    folder.mkdir(parents=True, exist_ok=True)
    cases = plan(seed)
    waiting = defaultdict(list)
    for case in cases:
        truth = folder / f"{case.name}.truth.json"
        case.digest = digest(case)
        if truth.exists() and json.loads(truth.read_text())["source"] == case.digest:
            tell(folder, case)
        elif only in case.name:
            waiting[case.maker].append(case)
    for maker, group in waiting.items():
        print(f"Making {len(group)} files by {maker.replace('_', ' ')}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="corpus-", dir=folder.parent) as scratch:
            scratch = Path(scratch).resolve()
            made = lambda case: scratch / f"made-{case.name}.{case.extension}"
            makers.MAKERS[maker](group, made, scratch)
            for case in group:
                makers.finish(case, made(case))
                place(folder, case, made(case))
    forget(folder, cases)


def place(folder, case, made):
    """The truth comes last: a file without it is made again."""
    (folder / f"{case.name}.truth.json").unlink(missing_ok=True)
    made.replace(folder / f"{case.name}.{case.extension}")
    tell(folder, case)


def tell(folder, case):
    """Writes the truth, where it is another than what stands there."""
    path = folder / f"{case.name}.truth.json"
    truth = {"file": f"{case.name}.{case.extension}", "variant": case.variant, "source": case.digest} | case.document.truth()
    text = json.dumps(truth, ensure_ascii=False, indent=1)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def forget(folder, cases):
    """Files of cases that the plan has no more."""
    known = {name for case in cases for name in (f"{case.name}.{case.extension}", f"{case.name}.truth.json")}
    for path in folder.iterdir():
        if path.name not in known:
            path.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", default="", help="only the cases whose names contain this")
    options = parser.parse_args()
    generate(options.folder, options.seed, options.only)
