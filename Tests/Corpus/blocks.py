"""What a document says: ordered blocks of known text and structure, and their truth as JSON."""

import re
from dataclasses import dataclass, field


@dataclass
class Span:
    """Text of one style: '', 'bold', 'italic', 'link' (target: its address) or 'note' (the text of a footnote)."""

    text: str
    style: str = ""
    target: str = ""


@dataclass
class Block:
    """`kind`: title, heading (a sheet's name too), paragraph, item, code or table."""

    kind: str
    spans: list = field(default_factory=list)
    level: int = 0
    cells: list = None
    ordered: bool = False

    @property
    def text(self):
        return "".join(span.text for span in self.spans if span.style != "note")


def block(kind, text, **more):
    return Block(kind, [Span(text)], **more)


@dataclass
class Document:
    """Blocks, with what repeats on every page ('#' in it is the page's number) and how the blocks are to be set."""

    blocks: list
    language: str = "en"
    direction: str = "ltr"
    header: str = ""
    footer: str = ""

    @property
    def title(self):
        return next((b.text for b in self.blocks if b.kind == "title"), "")

    def groups(self):
        """Blocks with the items of one list together: yields lists of blocks."""
        group = []
        for each in self.blocks:
            if group and not (each.kind == "item" and group[-1].kind == "item" and each.ordered == group[-1].ordered):
                yield group
                group = []
            group.append(each)
        if group:
            yield group

    def truth(self):
        """The blocks in order; a footnote follows the block that refers to it and names the word before its mark.

        The label of an item of a numbered list is not in its text.
        """
        blocks, number, item = [], 0, 0
        for each in self.blocks:
            entry = {"kind": each.kind, "text": each.text}
            item = item + 1 if each.kind == "item" and each.ordered else 0
            if item:
                entry["label"] = str(item)
            if each.level:
                entry["level"] = each.level
            if each.cells is not None:
                entry["cells"] = each.cells
            blocks.append(entry)
            before = ""
            for span in each.spans:
                if span.style == "note":
                    number += 1
                    anchor = re.findall(r"\w+", before)[-1]
                    blocks.append({"kind": "footnote", "text": span.text, "mark": str(number), "anchor": anchor})
                else:
                    before += span.text
        return {"language": self.language, "blocks": blocks,
                "furniture": [text for text in (self.header, self.footer) if text]}


def hyphenated(text):
    """The text with soft hyphens where a long word may be broken: between two consonants, and after a vowel."""
    def broken(match):
        word = match.group()
        return re.sub(r"(?<=[a-z]{2}[aeiou])(?=[bcdfgklmnprstv][aeiou][a-z]{2})|(?<=[a-z][aeiou][nrst])(?=[bcdfgpt][a-z]{3})",
                      "\u00ad", word)
    return re.sub(r"[a-z]{8,}", broken, text)
