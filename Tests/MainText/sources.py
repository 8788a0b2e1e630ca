"""The pages of the measurement and what their main text is.

news: articles with texts that people have checked, in the source distribution of newspaper4k. They are real pages of a dozen languages.
docs: published documentation in Debian's packages, ten pages of each. What is main text is marked by the generator of each: the element that
its theme puts the page's own text into. The marks are given to this script only, not to the extractors.
"""

import hashlib
from pathlib import Path

import lxml.html

MOST_PAGES = 10
LEAST_WORDS = 80

# name in Debian, version, SHA-256, folder of pages, the element with the main text, what in it is not
DOCS = [
    ("cmake-doc", "", "", "//div[@role='main']"),
    ("developers-reference", "", "", "//div[@role='main']"),
    ("python-flask-doc", "", "", "//div[@role='main']"),
    ("python-attr-doc", "", "", "//div[@role='main']"),
    ("python-sqlalchemy-doc", "", "", "//div[@id='docs-body']"),
    ("mkdocs-doc", "", "", "//div[@role='main']"),
    ("libgtk-4-doc", "", "", "//section[@id='main']"),
    ("libusb-1.0-doc", "", "", "//div[@class='contents']"),
    ("exim4-doc-html", "", "", "//div[@id='chapter']"),
    ("sqlite3-doc", "", "", "//body"),
]
NEVER = (
    "//script | //style | //noscript | //template | //svg | //a[contains(@class, 'headerlink')]"
    " | //div[contains(@class, 'nosearch')] | //*[@hidden]"
)


class Page:
    def __init__(self, source, name, path, truth):
        self.source, self.name, self.path, self.truth = source, name, path, truth
        digest = hashlib.sha256(f"{source}/{name}".encode()).digest()
        # The half that the algorithm was made with, and the half that nobody has looked at.
        self.half = "looked at" if digest[0] % 2 == 0 else "checked"


def news(folder):
    data = next(Path(folder).glob("newspaper4k-*/tests/data"))
    for truth in sorted((data / "txt").glob("*.txt")):
        page = data / "html" / f"{truth.stem}.html"
        if page.exists():
            yield Page("news", truth.stem, page, truth.read_text(encoding="utf-8"))


def text_of(path, mark):
    tree = lxml.html.parse(str(path), lxml.html.HTMLParser(encoding="utf-8"))
    for node in tree.xpath(NEVER):
        node.drop_tree()
    # Words of neighbouring elements are not one word.
    return " ".join(text for node in tree.xpath(mark) for text in node.itertext())


def docs(folder):
    for package, _, _, mark in DOCS:
        root = Path(folder) / package
        pages = [path for path in root.rglob("*.html") if not path.is_symlink() and path.stat().st_size < 1 << 20]
        pages.sort(key=lambda path: hashlib.sha256(str(path.relative_to(root)).encode()).digest())
        count = 0
        for path in pages:
            truth = text_of(path, mark)
            if len(truth.split()) < LEAST_WORDS:
                continue
            yield Page("docs", f"{package}/{path.relative_to(root)}", path, truth)
            count += 1
            if count == MOST_PAGES:
                break
