"""The tools that are compared, and their outputs, which are kept until the file or the tool is another."""

import hashlib
import importlib.metadata
import json
import logging
import signal
import subprocess
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

LIMIT = 120  # seconds for one file


class TimeLimit(Exception):
    pass


class Program:
    """A tool that is a program: `command` and the file; files are read two at a time."""

    width = 2

    def __init__(self, name, command, version, is_markdown=False, reads=None):
        self.name, self.command, self.version, self.is_markdown, self.reads = name, command, version, is_markdown, reads

    def read(self, path):
        done = subprocess.run([part.format(path) for part in self.command], capture_output=True, timeout=LIMIT)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace").strip()[-500:])
        return done.stdout.decode(errors="replace")


class Library:
    """A tool that is a Python library: called in this process, one file at a time, with an alarm as its limit."""

    width = 1

    def __init__(self, name, package, load, is_markdown=False, reads=None):
        self.name, self.is_markdown, self.reads = name, is_markdown, reads
        self.version = f"{package} {importlib.metadata.version(package)}"
        self.load, self.function = load, None

    def read(self, path):
        self.function = self.function or self.load()
        signal.signal(signal.SIGALRM, self.expire)
        signal.alarm(LIMIT)
        try:
            return self.function(str(path))
        finally:
            signal.alarm(0)

    @staticmethod
    def expire(*_):
        raise TimeLimit(f"not done after {LIMIT} s")


def load_markitdown():
    from markitdown import MarkItDown

    return lambda path, tool=MarkItDown(enable_plugins=False): tool.convert(path).text_content


def load_pdfminer():
    from pdfminer.high_level import extract_text

    return extract_text


def all_tools(worker):
    """Switchyard first: what it is measured against follows. `worker` is the path of DocumentsWorker."""
    logging.disable(logging.ERROR)
    warnings.simplefilter("ignore")
    poppler = subprocess.run(["pdftotext", "-v"], capture_output=True, text=True).stderr.split("\n")[0]
    state = worker.stat()
    return [
        Program("switchyard", [str(worker), "extract", "{}"], f"{state.st_mtime_ns} {state.st_size}", is_markdown=True),
        Library("markitdown", "markitdown", load_markitdown, is_markdown=True),
        Library("pdfminer", "pdfminer.six", load_pdfminer, reads="pdf"),
        Program("pdftotext", ["pdftotext", "{}", "-"], poppler, reads="pdf"),
        Program("pdftotext -layout", ["pdftotext", "-layout", "{}", "-"], poppler, reads="pdf"),
    ]


def outputs(tool, files, folder):
    """{file: (text, error, seconds)} for every file that the tool is asked for; kept in folder/TOOL."""
    kept = folder / tool.name.replace(" ", "")
    kept.mkdir(parents=True, exist_ok=True)

    def one(path):
        key = hashlib.sha256(path.read_bytes() + tool.version.encode()).hexdigest()
        text, note = kept / f"{path.name}.txt", kept / f"{path.name}.json"
        if note.exists():
            found = json.loads(note.read_text())
            if found["key"] == key:
                return text.read_text(), found["error"], found["seconds"]
        started = time.monotonic()
        try:
            output, error = tool.read(path), None
        except Exception as fault:  # Whatever a tool throws, it has read nothing.
            output, error = "", f"{type(fault).__name__}: {fault}"[:500]
        # A lone surrogate cannot be written; no tool should make one.
        output = output.encode("utf-8", "replace").decode()
        seconds = round(time.monotonic() - started, 3)
        text.write_text(output, newline="")
        note.write_text(json.dumps({"key": key, "error": error, "seconds": seconds}))
        return output, error, seconds

    files = [path for path in files if tool.reads is None or path.suffix == f".{tool.reads}"]
    if tool.width == 1:
        return {path: one(path) for path in files}
    with ThreadPoolExecutor(tool.width) as pool:
        return dict(zip(files, pool.map(one, files)))
