#!/usr/bin/env python3
"""Compares the main text that CrawlingWorker and trafilatura find on the same pages.

Words are compared as multisets: precision is the share of the words found that the known text has too, recall the share of the known words
that were found, F1 their harmonic mean, for each page; a table shows means and medians. A word is a run of letters and digits in small
letters; in scripts without blanks each character is one. Order does not count, repetition does.

Exit status 1: our mean F1 is below trafilatura's on a source or on all pages.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from pathlib import Path

import trafilatura

from sources import docs, news

# Han, kana, Thai, Lao, Burmese, Khmer: no blanks between words.
WORD = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|"
    "[^\\W_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)


def words(text):
    return Counter(WORD.findall(unicodedata.normalize("NFKC", text).lower()))


def score(found, truth):
    common = (found & truth).total()
    precision = common / found.total() if found else 0.0
    recall = common / truth.total()
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def ours(command, pages):
    texts = []
    for start in range(0, len(pages), 50):
        part = pages[start : start + 50]
        # One file alone is printed without the NUL that ends each of several.
        names = [str(page.path) for page in part] + [str(part[0].path)]
        output = subprocess.run([*command, "--text", *names], capture_output=True, check=False)
        sys.stderr.write(output.stderr.decode())
        texts += output.stdout.decode("utf-8", "replace").split("\0")[: len(part)]
    return texts


def theirs(pages):
    return [trafilatura.extract(page.path.read_bytes()) or "" for page in pages]


def table(rows):
    def line(name, half, tool, chosen):
        figures = list(zip(*chosen))
        means = "  ".join(f"{statistics.mean(figure):.4f}" for figure in figures)
        print(f"{name:28} {half:10} {len(chosen):4}  {tool:12} {means}  {statistics.median(figures[2]):.4f}")
        return statistics.mean(figures[2])

    print(f"{'source':28} {'half':10} {'n':>4}  {'tool':12} {'precis.':7} {'recall':7} {'F1':7} {'median F1'}")
    isBelow = False
    sources = sorted({page.source for page, _ in rows})
    packages = sorted({page.name.split("/")[0] for page, _ in rows if page.source == "docs"})
    for name in [*packages, *sources, "all"]:
        for half in ["looked at", "checked", "both"]:
            if name in packages and half != "both":
                continue
            chosen = [
                scores
                for page, scores in rows
                if name in ("all", page.source, page.name.split("/")[0]) and half in ("both", page.half)
            ]
            if not chosen:
                continue
            f1 = {tool: line(name, half, tool, [scores[tool] for scores in chosen]) for tool in ("switchyard", "trafilatura")}
            if half == "both" and name not in packages and f1["switchyard"] < f1["trafilatura"]:
                isBelow = True
    return isBelow


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("command", nargs="+")
    parser.add_argument("--worst", type=int, default=0, help="show so many pages of the half looked at that lose most")
    options = parser.parse_args()
    pages = [*news(options.folder / "news"), *docs(options.folder / "docs")]
    started = time.process_time()
    second = theirs(pages)
    print(f"trafilatura {trafilatura.__version__}: {time.process_time() - started:.1f} s of processor time", file=sys.stderr)
    first = ours(options.command, pages)
    rows = []
    for page, our, their in zip(pages, first, second, strict=True):
        truth = words(page.truth)
        rows.append((page, {"switchyard": score(words(our), truth), "trafilatura": score(words(their), truth)}))
    isBelow = table(rows)
    rows = [row for row in rows if row[0].half == "looked at"]
    rows.sort(key=lambda row: row[1]["switchyard"][2] - row[1]["trafilatura"][2])
    for page, scores in rows[: options.worst]:
        figures = " | ".join(" ".join(f"{figure:.2f}" for figure in scores[tool]) for tool in ("switchyard", "trafilatura"))
        print(f"{figures}  {page.source}/{page.name}")
    (options.folder / "report.json").write_text(
        json.dumps({f"{page.source}/{page.name}": {"half": page.half, **scores} for page, scores in rows}, indent=1)
    )
    return 1 if isBelow else 0


if __name__ == "__main__":
    sys.exit(main())
