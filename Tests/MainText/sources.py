"""The pages of the measurement and what their main text is.

news: articles with the texts that newspaper4k's own tests expect of them, in its source distribution. They are real pages in nine languages;
how the texts were made is not said there, so that some may be what that tool finds rather than what a reader would.
docs: published documentation in Debian's packages, ten pages of each. What is main text is marked by the generator of each: the element that
its theme puts the page's own text into. The marks are given to this script only; several are role=main, which any extractor may go by.
"""

import hashlib
from pathlib import Path

import lxml.html

MOST_PAGES = 10
LEAST_WORDS = 80

# Name in Debian, version, SHA-256 of the package, the element with the main text.
DOCS = [
    ("cmake-doc", "3.25.1-1",
     "6e805a758ffed87cc7ea234cf0a7a1bb8ae78b93d8b5783e7fb989a6320f8133", "//div[@role='main']"),
    ("developers-reference", "12.18",
     "0dba82f6fa16e373f2a84ad07e7971aa9264ad2e7d2ae46b37edbc9c5fd57e2e", "//div[@role='main']"),
    ("python-flask-doc", "2.2.2-3",
     "0659f6a04b15fe3f907150cadc0399fe987c790e722e001b73f7e49fa5ecca15", "//div[@role='main']"),
    ("python-attr-doc", "22.2.0-1",
     "38132c995d9a23b44daf874d7a053251df4098ac476b95ac9966d46a8e0f3cd3", "//div[@role='main']"),
    ("python-sqlalchemy-doc", "1.4.46+ds1-1",
     "8805c3167ef75278ac6fd58ed9856321c2b2e3a7e441edba84b2eb955216d0fd", "//div[@id='docs-body']"),
    ("mkdocs-doc", "1.4.2+dfsg-2",
     "cc460d8a893ebc0aee62a1883693d833ff0b31af0475578299b90e0f793ee84f", "//div[@role='main']"),
    ("libgtk-4-doc", "4.8.3+ds-2+deb12u1",
     "24e092c566ad635e9b8f5e04a29b580b7c9b9a4d93026633fd4709b282c64788", "//section[@id='main']"),
    ("libusb-1.0-doc", "2:1.0.26-1",
     "2f270edb9f752032103bf556e3f3c35a6a0390a73de64cb1db84588f08085d23", "//div[@class='contents']"),
    ("exim4-doc-html", "4.96-1",
     "f0613395fd73c3c278b619c8162c5a183e7874cbfdebe3614b4b3339d5d8a120", "//div[@id='chapter']"),
    ("sqlite3-doc", "3.40.1-2+deb12u2",
     "466e30d7066e2641fa13e56bc662a2ad521b8cc9c17dde9c9dac3d4f105e32f2", "//body"),
]
NEVER = (
    "//script | //style | //noscript | //template | //svg | //a[contains(@class, 'headerlink')]"
    " | //div[contains(@class, 'nosearch')] | //*[@hidden]"
)


class Page:
    def __init__(self, source, name, path, truth):
        self.source, self.name, self.path, self.truth = source, name, path, truth
        digest = hashlib.sha256(f"{source}/{name}".encode()).digest()
        # The half whose pages the algorithm was made with, and the half of which only the figures were seen.
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


def packages():
    """Prints name, version and SHA-256 of each package, for the script that fetches them."""
    for name, version, digest, _ in DOCS:
        print(name, version, digest)


if __name__ == "__main__":
    packages()
