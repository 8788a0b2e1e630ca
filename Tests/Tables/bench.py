"""Exports a table as CSV and imports it again, beside psql's \\copy in both directions, and exports it as XLSX beside openpyxl and XlsxWriter; prints
medians and ratios.

Each round takes the sides in turn. An export is timed from its submission until its job is seen to be completed; psql from its start to its
end; the Python libraries write rows that are in memory already, so that only their writing is timed.
"""
import argparse
import csv
import datetime
import json
import os
import socket
import statistics
import subprocess
import time
import urllib.request

import openpyxl
import xlsxwriter

TABLE = """
CREATE TABLE bench_rows AS
SELECT n AS id, gen_random_uuid() AS key, 'customer ' || n % 5003 AS name, (n % 100000) / 7.0::numeric(12,4) AS amount,
    now() - n * interval '1 second' AS at, n % 3 = 0 AS is_open, jsonb_build_object('n', n % 17, 'tag', 'a,"b"') AS data,
    CASE WHEN n % 11 = 0 THEN NULL ELSE repeat('lorem ipsum ', (n % 5)::int) END AS note
FROM generate_series(1, ROWS) n;
VACUUM (FREEZE, ANALYZE) bench_rows;
CHECKPOINT;
"""


def environment(folder):
    values = {}
    with open(folder + "/env") as file:
        for line in file:
            name, _, value = line.strip().removeprefix("export ").partition("=")
            values[name] = value.strip("'\"")
    return values


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Stack:
    def __init__(self, program, folder):
        self.folder = folder + "/stack"
        datasets = folder + "/datasets.json"
        with open(datasets, "w") as file:
            json.dump(
                [{"name": "bench_rows", "table": "bench_rows"},
                 {"name": "bench_copy", "table": "bench_copy", "import": True}], file)
        os.chmod(datasets, 0o644)
        subprocess.run(
            [program, "up", "--folder", self.folder, "--detach", "--port", str(free_port()),
             "--workers", "exports=1,crawling=0,documents=0,embeddings=0,noop=0"],
            check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SWITCHYARD_DATASETS": datasets, "SWITCHYARD_FILE_ROOTS": folder})
        self.variables = environment(self.folder)

    def psql(self, *arguments):
        subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.variables["DATABASE_URL"], *arguments], check=True)

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.variables["SWITCHYARD_URL"] + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + self.variables["SWITCHYARD_KEY"], "Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def export(self, spec):
        return self.job("export", spec)

    def job(self, kind, spec):
        start = time.monotonic()
        job = self.call("POST", "/api/v1/jobs", {"type": kind, "spec": spec})["id"]
        while True:
            seen = self.call("GET", f"/api/v1/jobs/{job}?wait=30s")
            if seen["status"] in ("completed", "failed"):
                break
        if seen["status"] == "failed":
            raise SystemExit(seen["error"])
        return time.monotonic() - start, seen["result"]

    def worker_peak(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/exe").endswith("/ExportsWorker"):
                    status = open(f"/proc/{pid}/status").read()
                    return int(status.split("VmHWM:")[1].split()[0]) / 1024
            except OSError:
                continue
        raise SystemExit("the worker is gone")


def typed(row):
    return [
        int(row[0]), row[1], row[2], float(row[3]), datetime.datetime.fromisoformat(row[4]).replace(tzinfo=None),
        row[5] == "t", row[6], row[7] or None]


def by_openpyxl(header, rows, path):
    start = time.monotonic()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(header)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return time.monotonic() - start


def by_xlsxwriter(header, rows, path):
    start = time.monotonic()
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet()
    for number, row in enumerate([header, *rows]):
        sheet.write_row(number, 0, row)
    book.close()
    return time.monotonic() - start


def tell(name, seconds, rows, size=None):
    median = statistics.median(seconds)
    extent = f", {size / median / 1e6:.0f} MB/s" if size else ""
    print(f"  {name:32} {median:7.2f} s  {rows / median:10.0f} rows/s{extent}   ({', '.join(f'{s:.2f}' for s in seconds)})")
    return median


def imports(stack, path, options):
    """Loads the file into an empty table: plain COPY, rows that are added, rows that are merged by a key."""
    stack.psql("-c", "CREATE TABLE bench_copy (LIKE bench_rows)")
    sides = {"psql \\copy": [], "import": []}
    spec = {"source": {"url": "file://" + path}, "target": {"dataset": "bench_copy"}}
    for _ in range(options.rounds):
        stack.psql("-c", "TRUNCATE bench_copy", "-c", "CHECKPOINT")
        start = time.monotonic()
        stack.psql("-c", f"\\copy bench_copy FROM '{path}' (FORMAT csv, HEADER)")
        sides["psql \\copy"].append(time.monotonic() - start)
        stack.psql("-c", "TRUNCATE bench_copy", "-c", "CHECKPOINT")
        seconds, result = stack.job("import", spec)
        assert result["loaded"] == options.rows, result
        sides["import"].append(seconds)
    print(f"CSV into a table, {options.rows} rows")
    medians = {name: tell(name, seconds, options.rows, os.path.getsize(path)) for name, seconds in sides.items()}
    print(f"  import / \\copy in rows/s: {medians['psql ' + chr(92) + 'copy'] / medians['import']:.2f}; "
          f"worker's peak {stack.worker_peak():.0f} MB")
    stack.psql("-c", "TRUNCATE bench_copy", "-c", "CREATE UNIQUE INDEX ON bench_copy (id)")
    copied, new, there = [], [], []
    for _ in range(options.rounds):
        stack.psql("-c", "TRUNCATE bench_copy", "-c", "CHECKPOINT")
        start = time.monotonic()
        stack.psql("-c", f"\\copy bench_copy FROM '{path}' (FORMAT csv, HEADER)")
        copied.append(time.monotonic() - start)
        stack.psql("-c", "TRUNCATE bench_copy", "-c", "CHECKPOINT")
        seconds, result = stack.job("import", {**spec, "key": ["id"]})
        assert result["loaded"] == options.rows, result
        new.append(seconds)
        seconds, result = stack.job("import", {**spec, "key": ["id"]})
        assert result["updated"] == options.rows, result
        there.append(seconds)
    base = tell("psql \\copy, with a unique index", copied, options.rows)
    for name, seconds in (("import by key, rows are new", new), ("import by key, all are there", there)):
        print(f"    {base / tell(name, seconds, options.rows):.2f} of it")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--sheet-rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("program")
    parser.add_argument("folder")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} before, {os.cpu_count()} cores")
    stack = Stack(options.program, options.folder)
    idle = stack.worker_peak()
    stack.psql("-c", TABLE.split(";")[0].replace("ROWS", str(options.rows)))
    for line in TABLE.split(";")[1:-1]:
        stack.psql("-c", line)

    path = options.folder + "/rows.csv"
    psql, exports = [], []
    for _ in range(options.rounds):
        start = time.monotonic()
        stack.psql("-c", f"\\copy (SELECT * FROM bench_rows) TO '{path}' (FORMAT csv, HEADER)")
        psql.append(time.monotonic() - start)
        seconds, result = stack.export({"sources": [{"dataset": "bench_rows"}]})
        exports.append(seconds)
    size = os.path.getsize(path)
    assert result["rows"] == options.rows
    assert result["artifacts"][0]["size"] == size, "an export has the bytes of \\copy"
    print(f"CSV, {options.rows} rows, {size / 1e6:.0f} MB")
    a = tell("psql \\copy", psql, options.rows, size)
    b = tell("export", exports, options.rows, size)
    print(f"  export / \\copy in rows/s: {a / b:.2f}; worker's peak {stack.worker_peak():.0f} MB (idle {idle:.0f} MB)")

    imports(stack, path, options)

    with open(path, newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        rows = [typed(row) for _, row in zip(range(options.sheet_rows), reader)]
    sides = {"openpyxl, write-only": [], "XlsxWriter, constant memory": [], "export": []}
    book = options.folder + "/rows.xlsx"
    for _ in range(options.rounds):
        sides["openpyxl, write-only"].append(by_openpyxl(header, rows, book))
        sides["XlsxWriter, constant memory"].append(by_xlsxwriter(header, rows, book))
        sides["export"].append(
            stack.export({"sources": [{"dataset": "bench_rows", "limit": options.sheet_rows}], "format": "xlsx"})[0])
    print(f"XLSX, {options.sheet_rows} rows of {len(header)} columns")
    medians = {name: tell(name, seconds, options.sheet_rows) for name, seconds in sides.items()}
    for name in list(sides)[:2]:
        print(f"  export / {name}: {medians[name] / medians['export']:.2f}")
    print(f"  worker's peak {stack.worker_peak():.0f} MB")


main()
