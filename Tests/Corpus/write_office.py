"""Slides by python-pptx and workbooks by openpyxl."""

import datetime
import re

from openpyxl import Workbook
from openpyxl.styles import Font
from pptx import Presentation
from pptx.util import Inches, Pt


def slides(document, path):
    """The title's slide, then one slide per heading; bullets in the body's placeholder, tables as tables."""
    deck = Presentation()
    deck.core_properties.title = document.title
    groups = list(document.groups())
    first = deck.slides.add_slide(deck.slide_layouts[0])
    first.shapes.title.text = groups[0][0].text
    first.placeholders[1].text = groups[1][0].text
    slide = None
    for group in groups[2:]:
        block = group[0]
        if block.kind == "heading":
            heading = block.text
        elif block.kind == "table":
            slide = deck.slides.add_slide(deck.slide_layouts[5])
            slide.shapes.title.text = heading
            shape = slide.shapes.add_table(len(block.cells), len(block.cells[0]), Inches(0.6), Inches(1.8), Inches(8.6), Inches(3))
            for y, row in enumerate(block.cells):
                for x, text in enumerate(row):
                    shape.table.cell(y, x).text = text
                    shape.table.cell(y, x).text_frame.paragraphs[0].font.size = Pt(14)
        else:
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            slide.shapes.title.text = heading
            frame = slide.placeholders[1].text_frame
            for number, item in enumerate(group):
                line = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
                line.text = item.text
    deck.save(path)


def value(text):
    """What a spreadsheet would make of the text, and the format that shows it as the text again."""
    if re.fullmatch(r"-?\d+", text):
        return int(text), "General"
    if re.fullmatch(r"-?\d+\.\d+", text):
        return float(text), "General"
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return datetime.date.fromisoformat(text), "yyyy-mm-dd"
    return text or None, "General"


def workbook(document, path):
    """One sheet per heading, its table below it."""
    book = Workbook()
    book.remove(book.active)
    sheet = None
    for block in document.blocks:
        if block.kind == "heading":
            sheet = book.create_sheet(block.text)
        else:
            for y, row in enumerate(block.cells, 1):
                for x, text in enumerate(row, 1):
                    cell = sheet.cell(y, x)
                    cell.value, cell.number_format = value(text)
                    if y == 1:
                        cell.font = Font(bold=True)
    book.save(path)
