"""Who makes files of sources: LibreOffice, Chromium, pandoc, pdflatex and the office libraries; and what is done to PDFs."""

import io
import json
import random
import shutil
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from PIL import Image
from pypdf import PdfReader, PdfWriter, Transformation

import write_office

LIMIT = 120  # seconds for one document


def call(*command, timeout=LIMIT, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, **options)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stdout.decode(errors='replace')[-2000:]}")


def each(work, cases):
    """Documents that do not share a process, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, cases))


def soffice(files, filter, extension, scratch):
    """LibreOffice converts in one process: paths of the results by source."""
    out = scratch / "converted"
    out.mkdir(exist_ok=True)
    call("soffice", f"-env:UserInstallation=file://{scratch}/profile", "--headless", "--convert-to", f"{extension}:{filter}",
         "--outdir", out, *files, timeout=LIMIT + 20 * len(files))
    made = [out / file.with_suffix("." + extension).name for file in files]
    for path in made:
        if not path.exists():
            raise RuntimeError(f"LibreOffice did not make {path.name}")
    return made


def by_soffice(filter, extension):
    def make(cases, out, scratch):
        sources = []
        for case in cases:
            sources.append(scratch / f"{case.name}.fodt")
            sources[-1].write_text(case.source)
        for case, made in zip(cases, soffice(sources, filter, extension, scratch)):
            shutil.move(made, out(case))
    return make


def pdf_filter(tagged):
    return "writer_pdf_Export:" + json.dumps({"UseTaggedPDF": {"type": "boolean", "value": "true" if tagged else "false"}})


def by_chromium(*flags):
    def make(cases, out, scratch):
        def work(case):
            source = scratch / f"{case.name}.html"
            source.write_text(case.source)
            call("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", *flags,
                 f"--user-data-dir={scratch}/{case.name}.chromium", f"--print-to-pdf={out(case)}", source)
            shutil.rmtree(scratch / f"{case.name}.chromium", ignore_errors=True)
        each(work, cases)
    return make


def by_pandoc(format):
    def make(cases, out, scratch):
        def work(case):
            # The title becomes the document's own; pandoc repeats it at the top.
            title, _, rest = case.source.partition("\n")
            call("pandoc", "-f", "markdown-smart", "-t", format, "-M", "title=" + title.removeprefix("# "), "-M", "lang=en",
                 "-o", out(case), input=rest.encode())
        each(work, cases)
    return make


def by_latex(cases, out, scratch):
    def work(case):
        folder = scratch / case.name
        folder.mkdir()
        (folder / "t.tex").write_text(case.source)
        for _ in range(2):
            call("pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex", cwd=folder)
        shutil.move(folder / "t.pdf", out(case))
    each(work, cases)


def text(cases, out, scratch):
    for case in cases:
        out(case).write_bytes(case.source if isinstance(case.source, bytes) else case.source.encode())


def slides(cases, out, scratch):
    for case in cases:
        write_office.slides(case.document, out(case))


def workbook(cases, out, scratch):
    for case in cases:
        write_office.workbook(case.document, out(case))


def again(write, first, filter, extension):
    """A file of the library that LibreOffice opens and saves."""
    def make(cases, out, scratch):
        sources = []
        for case in cases:
            sources.append(scratch / f"{case.name}.{first}")
            write(case.document, sources[-1])
        for case, made in zip(cases, soffice(sources, filter, extension, scratch)):
            shutil.move(made, out(case))
    return make


MAKERS = {
    "chromium_tagged": by_chromium(), "chromium": by_chromium("--disable-pdf-tagging"), "latex": by_latex,
    "libreoffice_tagged": by_soffice(pdf_filter(True), "pdf"), "libreoffice": by_soffice(pdf_filter(False), "pdf"),
    "docx": by_soffice("MS Word 2007 XML", "docx"), "odt": by_soffice("writer8", "odt"),
    "pandoc_docx": by_pandoc("docx"), "epub": by_pandoc("epub3"), "text": text, "slides": slides, "workbook": workbook,
    "slides_again": again(write_office.slides, "pptx", "Impress MS PowerPoint 2007 XML", "pptx"),
    "ods": again(write_office.workbook, "xlsx", "calc8", "ods"),
}


def turned(path, angle, name):
    """Every page lies on its side, as scanners and phones leave them."""
    writer = PdfWriter(clone_from=path)
    for page in writer.pages:
        page.rotate(angle)
    writer.write(path)


def upright(path, angle, name):
    """The content is drawn turned, and /Rotate turns it back: what landscape pages of many programs are."""
    writer = PdfWriter(clone_from=path)
    for page in writer.pages:
        width, height = float(page.mediabox.width), float(page.mediabox.height)
        page.add_transformation(Transformation().rotate(angle).translate(height, 0))
        for box in (page.mediabox, page.cropbox):
            box.lower_left, box.upper_right = (0, 0), (height, width)
        page.rotate(angle)
    writer.write(path)


def scanned(path, resolution, name):
    """Grey pictures, a little askew and noisy, with nothing of the text."""
    stem = path.with_suffix("")
    call("pdftoppm", "-gray", "-r", resolution, path, stem)
    chance = random.Random(zlib.crc32(name.encode()))
    pages = []
    for file in sorted(path.parent.glob(stem.name + "-*.pgm")):
        picture = Image.open(file).rotate(chance.uniform(-0.8, 0.8), resample=Image.Resampling.BICUBIC, fillcolor=255)
        noise = numpy.random.default_rng(zlib.crc32(file.name.encode())).normal(0, chance.uniform(3, 12), (picture.height, picture.width))
        grey = numpy.clip(numpy.asarray(picture, dtype=float) * 0.94 + noise + 6, 0, 255).astype(numpy.uint8)
        held = io.BytesIO()
        Image.fromarray(grey).save(held, "JPEG", quality=chance.randint(60, 85))
        pages.append(Image.open(held))
        file.unlink()
    pages[0].save(path, "PDF", resolution=resolution, save_all=True, append_images=pages[1:])


FINISHES = {"turned": turned, "upright": upright, "scanned": scanned}


def finish(case, path):
    if case.finish:
        name, value = case.finish
        FINISHES[name](path, value, case.name)
