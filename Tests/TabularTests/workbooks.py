"""Writes workbooks by openpyxl into a folder, and what their rows are as JSON beside them."""
import datetime
import json
import random
import sys
import zipfile
from pathlib import Path

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

folder = Path(sys.argv[1])


def text(value):
    """As the import is to read it: ISO 8601, and every digit."""
    if value is None or (isinstance(value, str) and value.startswith(("=", "#"))):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    if isinstance(value, datetime.timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, float):
        # openpyxl writes 16 digits, and of a whole number no fraction.
        return repr(float(f"{value:.16g}")).removesuffix(".0")
    return str(value)


def save(name, book, rows):
    book.save(folder / f"{name}.xlsx")
    (folder / f"{name}.json").write_text(json.dumps([[text(value) for value in row] for row in rows]))


date, moment, time = datetime.date, datetime.datetime, datetime.time
values = [
    ["text", "number", "flag", "day", "moment", "time", "span", "empty"],
    ["Ada", 1, True, date(2024, 2, 29), moment(2024, 2, 29, 10, 20, 30), time(10, 20, 30), datetime.timedelta(hours=26), None],
    ["日本語 😀", -0.1, False, date(1999, 12, 31), moment(1970, 1, 1, 0, 0, 1), time(23, 59, 59), datetime.timedelta(0), None],
    ["007", 123456789012345, None, date(1900, 3, 1), moment(2024, 1, 1, 0, 0, 0, 123000), time(0, 0, 1), None, None],
    ["two\nlines \"quoted\", and <&>", 1e-7, True, date(1900, 1, 1), None, time(12), None, "x"],
    [" blanks ", 0.1 + 0.2, None, None, None, None, None, None],
    [None, 1e300, False, date(9999, 12, 31), None, None, None, None],
    ["=A1+1", "#DIV/0!", True, None, None, None, None, None],
]
for name, epoch in [("values", None), ("values1904", CALENDAR_MAC_1904)]:
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = epoch
    rows = [[v for v in row] for row in values]
    if epoch:
        for row in rows:
            # The other calendar begins later.
            row[3] = row[3] if not isinstance(row[3], date) or row[3].year > 1904 else None
            row[5] = None if isinstance(row[5], time) else row[5]
            row[6] = None if isinstance(row[6], datetime.timedelta) else row[6]
    for row in rows:
        book.active.append(row)
    save(name, book, rows)

book = openpyxl.Workbook()
book.active.title = "First"
book.active.append(["a"])
sheet = book.create_sheet("Zweites Blatt")
sheet["B3"], sheet["D3"], sheet["B5"], sheet["D9"] = "x", "y", 1, 2
sheet.merge_cells("B5:C6")
save("sheets", book, [[None, "1", None, None], [None, None, None, "2"]])

book = openpyxl.Workbook(write_only=True)
sheet = book.create_sheet()
generator = random.Random(7)
rows = [["id", "name", "amount", "at"]]
start = moment(2000, 1, 1)
for number in range(5000):
    at = start + datetime.timedelta(seconds=generator.randrange(10**9))
    rows.append([number, f"name {number % 97}", generator.randrange(10**9) / 100, at])
for row in rows:
    sheet.append(row)
save("many", book, rows)

# A sheet that inflates to 300 MiB.
with zipfile.ZipFile(folder / "many.xlsx") as source, zipfile.ZipFile(
    folder / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED
) as bomb:
    for item in source.infolist():
        content = source.read(item)
        if item.filename.endswith("sheet1.xml"):
            row = b"<row><c t='inlineStr'><is><t>" + b" " * 4000 + b"</t></is></c></row>"
            content = b"<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>"
            content += row * (300 * 2**20 // len(row)) + b"</sheetData></worksheet>"
        bomb.writestr(item.filename, content)
