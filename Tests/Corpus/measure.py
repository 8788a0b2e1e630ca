#!/usr/bin/env python3
"""Runs the tools on the corpus, scores them, prints the table and writes report.json; see score.py for the figures.

Exit status 1: switchyard is more than the tolerance below the best of the other tools in a figure of a format.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

from score import Truth, score
from tools import all_tools, outputs

FIGURES = ["recall", "precision", "order", "headings", "levels", "tables"]
TOLERANCE = 0.002
WORST = 15


def value(figure):
    """A figure as a number: F1 of counts, which is 1 where nothing was expected and nothing found."""
    if not isinstance(figure, dict):
        return figure
    total = figure["found"] + figure["expected"]
    return 2 * figure["matched"] / total if total else 1.0


def together(figures):
    """The figure of many files: the mean of shares, F1 of summed counts."""
    figures = [figure for figure in figures if figure is not None]
    if not figures:
        return None
    if isinstance(figures[0], dict):
        return value({key: sum(figure[key] for figure in figures) for key in figures[0]})
    return sum(figures) / len(figures)


def measure(files, tools, kept):
    """{file name: {variant, tools: {tool: {figures, error, seconds}}}}"""
    results = {}
    truths = {path: json.loads(path.with_suffix(".truth.json").read_text()) for path in files}
    ready = {path: Truth(truth) for path, truth in truths.items()}
    for tool in tools:
        print(f"Reading by {tool.name}", file=sys.stderr)
        for path, (text, error, seconds) in outputs(tool, files, kept).items():
            entry = results.setdefault(path.name, {"variant": truths[path]["variant"], "tools": {}})
            figures = score(text, ready[path], tool.is_markdown)
            entry["tools"][tool.name] = {"figures": figures, "error": error, "seconds": seconds}
    return results


def rows(results):
    """{format or variant: (count, {tool: {figure: number or None}})}, each format before its variants."""
    members = defaultdict(list)
    for entry in results.values():
        form = entry["variant"].split("-")[0]
        members[form].append(entry)
        if entry["variant"] != form:
            members[entry["variant"]].append(entry)
    forms = {form: number for number, form in enumerate(dict.fromkeys(name.split("-")[0] for name in members))}
    table = {}
    for name in sorted(members, key=lambda name: (forms[name.split("-")[0]], name)):
        group = members[name]
        tools = dict.fromkeys(tool for entry in group for tool in entry["tools"])
        table[name] = (len(group), {
            tool: {figure: together([entry["tools"][tool]["figures"].get(figure) for entry in group if tool in entry["tools"]])
                   for figure in FIGURES} for tool in tools})
    return table


def best_other(tools, figure):
    """(number, tool) of the best tool beside switchyard."""
    others = [(figures[figure], tool) for tool, figures in tools.items() if tool != "switchyard" and figures[figure] is not None]
    return max(others, default=(None, None))


def shortfalls(table):
    """(row, figure, ours, best, tool) where switchyard is below the best by more than the tolerance."""
    for name, (_, tools) in table.items():
        for figure in FIGURES:
            best, tool = best_other(tools, figure)
            ours = tools["switchyard"][figure] or 0.0
            if best is not None and ours < best - TOLERANCE:
                yield name, figure, ours, best, tool


def worst(results):
    """(gap, file, figure, ours, best, tool) of the files with the widest gaps, one figure of each."""
    found = []
    for name, entry in results.items():
        tools = {tool: {figure: value(result["figures"].get(figure)) for figure in FIGURES} for tool, result in entry["tools"].items()}
        gaps = []
        for figure in FIGURES:
            best, tool = best_other(tools, figure)
            ours = tools["switchyard"][figure] or 0.0
            if best is not None:
                gaps.append((best - ours, name, figure, ours, best, tool))
        found.append(max(gaps, default=(0,)))
    return sorted((gap for gap in found if gap[0] > TOLERANCE), reverse=True)[:WORST]


def show(table):
    width = max(map(len, table)) + 6
    print(f"\n{'':{width}}{'':18}" + "".join(f"{figure:>11}" for figure in FIGURES) + "     (* best of the row)")
    for name, (count, tools) in table.items():
        label = f"{name if '-' in name else name.upper()} ({count})"
        for tool, figures in tools.items():
            cells = []
            for figure in FIGURES:
                number = figures[figure]
                top = max(each[figure] for each in tools.values() if each[figure] is not None) if number is not None else 0
                mark = "*" if number and number >= top - 0.00005 else " "
                cells.append(f"{'–':>11}" if number is None else f"{number:10.4f}{mark}")
            print(f"{label:{width}}{tool:18}" + "".join(cells))
            label = ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="holds files/; outputs/ and report.json are written beside it")
    parser.add_argument("--worker", type=Path, required=True)
    parser.add_argument("--only", default="", help="only the files whose names contain this")
    options = parser.parse_args()
    files = [path for path in sorted((options.folder / "files").iterdir())
             if path.suffix != ".json" and options.only in path.name and path.with_suffix(".truth.json").exists()]
    if not files:
        sys.exit(f"no file of the corpus has {options.only!r} in its name")
    tools = all_tools(options.worker.resolve())
    results = measure(files, tools, options.folder / "outputs")
    table = rows(results)
    show(table)
    for name, entry in results.items():
        for tool, result in entry["tools"].items():
            if result["error"] and tool == "switchyard":
                print(f"failed: {name}: {result['error']}")
    print(f"\nThe {WORST} files where switchyard is furthest below the best other tool:")
    for _, name, figure, ours, best, tool in worst(results):
        print(f"  {name:44}{figure:10} {ours:.4f}  {tool} {best:.4f}")
    below = list(shortfalls(table))
    failed = [each for each in below if "-" not in each[0]]
    for title, part in (("Variants", [each for each in below if "-" in each[0]]), ("Formats", failed)):
        print(f"\n{title} where switchyard is below the best other by more than {TOLERANCE}: {len(part) or 'none'}")
        for name, figure, ours, best, tool in part:
            print(f"  {name:44}{figure:10} {ours:.4f}  {tool} {best:.4f}")
    report = {"tolerance": TOLERANCE, "tools": {tool.name: tool.version for tool in tools},
              "rows": {name: {"count": count, "tools": figures} for name, (count, figures) in table.items()}, "files": results}
    (options.folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
