"""What a tool's output is worth against the truth.

recall, precision   of the multiset of words (see text.py)
order               1 - Levenshtein distance over the sequences of words / length of the longer
headings, levels    F1 of the texts of headings; and of texts with their level: as written, or all one deeper, or all but the title one
                    deeper, whichever is best (a title may or may not be counted as the level above all others)
tables              F1 of cells: rows of all tables are aligned in order so that most cells agree; cells of two rows agree as their
                    longest common subsequence; empty cells count on neither side;
                    where a document has no heading or no table, finding none is worth 1 and finding any 0

Headers, footers and page numbers of pages are taken out of the output first and count neither for nor against, as do the numbers of
list items before their words and the marks of footnotes. The text of footnotes counts as words, but has no place in the order: page's foot and document's end are both right.
Navigation and the like of a site's page are no content: they cost precision and order. Headings and cells are only scored for
tools that write Markdown.
"""

from collections import Counter

from rapidfuzz.distance import Levenshtein

from text import headings, phrase, table_rows, unmarked, words


class Truth:
    """The truth of a document, made ready for comparison."""

    def __init__(self, truth):
        blocks = truth["blocks"]
        self.furniture = [words(line.replace("#", " 0 ")) for line in truth["furniture"]]
        self.has_bare_number = ["0"] in self.furniture
        self.notes = [(block["mark"], words(block["anchor"])[-1], words(block["text"])) for block in blocks if block["kind"] == "footnote"]
        self.labels = [(block["label"], words(block["text"])[:3]) for block in blocks if "label" in block]
        self.body = [word for block in blocks if block["kind"] != "footnote" for word in self.block_words(block)]
        self.all = Counter(self.body) + Counter(word for note in self.notes for word in note[2])
        self.headings = [(block["kind"] == "title", block["level"], phrase(block["text"])) for block in blocks
                         if block["kind"] in ("title", "heading")]
        self.rows = [[phrase(cell) for cell in row] for block in blocks if block.get("cells") for row in block["cells"]]

    @staticmethod
    def block_words(block):
        if block.get("cells"):
            return [word for row in block["cells"] for cell in row for word in words(cell)]
        return words(unmarked(block["text"]))


def without(sequence, line):
    """The sequence without the runs equal to a line of furniture, in which '0' is any number of a page."""
    out, at = [], 0
    fits = lambda word, wanted: word == wanted or (wanted == "0" and word.isdigit() and len(word) < 4)
    while at < len(sequence):
        run = sequence[at:at + len(line)]
        if len(run) == len(line) and all(map(fits, run, line)):
            at += len(line)
        else:
            out.append(sequence[at])
            at += 1
    return out


def without_note(sequence, note):
    """The sequence without the run that is most like the text of a footnote, as long as three words of five agree."""
    best, place = 0.6, None
    for lead, first in enumerate(note[:3]):
        for start in (at - lead for at, word in enumerate(sequence) if word == first and at >= lead):
            # A word that was broken at the end of a line counts as two.
            for end in range(start + len(note), start + len(note) + 4):
                likeness = Levenshtein.normalized_similarity(note, sequence[start:end])
                if likeness > best:
                    best, place = likeness, (start, end)
    return sequence if place is None else sequence[:place[0]] + sequence[place[1]:]


def output_words(output, truth):
    """Words of an output without furniture, page numbers and marks of footnotes."""
    text = unmarked(output)
    if truth.has_bare_number:
        number, lines = 1, []
        for line in text.split("\n"):
            if words(line) == [str(number)]:
                number += 1
            else:
                lines.append(line)
        text = "\n".join(lines)
    found = words(text)
    for line in truth.furniture:
        if line != ["0"]:
            found = without(found, line)
    for label, start in truth.labels:
        found = unlabelled(found, label, start)
    for mark, anchor, note in truth.notes:
        found = unmark(found, mark, anchor, note)
    return found


def unlabelled(found, label, start):
    """Takes the number of a list's item from before its words."""
    for at, word in enumerate(found):
        if word == label and found[at + 1:at + 1 + len(start)] == start:
            return found[:at] + found[at + 1:]
    return found


def unmark(found, mark, anchor, note):
    """Takes the mark of a footnote, as a word or glued to one, from behind the first such word and from before its text.

    Tools and makers of books number anew in every chapter: any number up to the mark will do.
    """
    marks = {str(number) for number in range(1, int(mark) + 1)}
    out, is_anchored, is_labelled = [], False, False
    for at, word in enumerate(found):
        if not is_anchored and not anchor.isdigit() and word.startswith(anchor) and word[len(anchor):] in marks:
            word, is_anchored = anchor, True
        elif not is_labelled and word.endswith(note[0]) and word[:-len(note[0])] in marks and found[at + 1:at + 2] == note[1:2]:
            word, is_labelled = note[0], True
        elif word in marks:
            if not is_labelled and found[at + 1:at + 4] == note[:3]:
                is_labelled = True
                continue
            if not is_anchored and out and out[-1] == anchor:
                is_anchored = True
                continue
        out.append(word)
    return out


def f1(found, expected, matched):
    return {"matched": matched, "found": found, "expected": expected}


def heading_counts(found, truth):
    titles = sum((Counter(text for _, text in found) & Counter(text for _, _, text in truth)).values())
    levels = max(sum((Counter(found) & Counter((level + (top if is_title else deeper), text) for is_title, level, text in truth)).values())
                 for top, deeper in ((0, 0), (0, 1), (1, 1)))
    return f1(len(found), len(truth), titles), f1(len(found), len(truth), levels)


def common(first, second):
    """The length of the longest common subsequence."""
    if not set(first) & set(second):
        return 0
    row = [0] * (len(second) + 1)
    for one in first:
        left = 0
        for at, other in enumerate(second, 1):
            left, row[at] = row[at], left + 1 if one == other else max(row[at], row[at - 1])
    return row[-1]


def table_counts(found, truth):
    found, truth = ([row for row in ([cell for cell in row if cell] for row in rows) if row] for rows in (found, truth))
    best = [0] * (len(truth) + 1)
    for row in found:
        before = 0
        for at, wanted in enumerate(truth, 1):
            before, best[at] = best[at], max(best[at], best[at - 1], before + common(row, wanted))
    return f1(sum(map(len, found)), sum(map(len, truth)), best[-1])


def score(output, truth, is_markdown):
    """The figures of one output; `headings`, `levels` and `tables` are counts, to be summed over files before F1 is taken."""
    found = output_words(output, truth)
    count = Counter(found)
    matched = sum((count & truth.all).values())
    ordered = found
    for _, _, note in truth.notes:
        ordered = without_note(ordered, note)
    figures = {
        "recall": matched / max(1, sum(truth.all.values())),
        "precision": matched / len(found) if found else 0.0,
        "order": Levenshtein.normalized_similarity(truth.body, ordered),
    }
    if is_markdown:
        figures["headings"], figures["levels"] = heading_counts(headings(output), truth.headings)
        figures["tables"] = table_counts(table_rows(output), truth.rows)
    return figures
