"""Prints the tables of a CSV or XLSX file as JSON, as Python's csv module or openpyxl reads them."""
import csv
import datetime
import json
import sys

import openpyxl
from openpyxl.utils.escape import unescape


def plain(value):
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    # Control characters are written as _x000D_ (ECMA-376, ST_Xstring), which openpyxl leaves to its user.
    return unescape(value) if isinstance(value, str) else value


path = sys.argv[1]
if path.endswith(".csv"):
    csv.field_size_limit(1 << 30)
    with open(path, newline="", encoding="utf-8") as file:
        tables = {"csv": list(csv.reader(file))}
else:
    book = openpyxl.load_workbook(path, read_only=True)
    tables = {sheet.title: [[plain(cell) for cell in row] for row in sheet.values] for sheet in book}
json.dump(tables, sys.stdout)
