"""Crawls the generated site with Switchyard and with Scrapy in turns, and prints what each costs.

Counted for Switchyard: the worker and its parsing children, as Scrapy is one process that parses what it fetches. What the job platform
around it takes (gateway, PostgreSQL, RabbitMQ) is told beside it: Scrapy keeps its queue in memory and loses it.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")
HERE = pathlib.Path(__file__).parent


def stat(pid):
    """Fields of /proc/PID/stat after the name; none when the process is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None


def processes():
    """Parent and name of each process."""
    table = {}
    for entry in pathlib.Path("/proc").iterdir():
        fields = stat(entry.name) if entry.name.isdigit() else None
        if fields:
            try:
                table[int(entry.name)] = (int(fields[1]), (entry / "comm").read_text().strip())
            except OSError:
                continue
    return table


def tree(root):
    """A process and all below it."""
    table, found = processes(), [root]
    for pid in found:
        found += [child for child, (parent, _) in table.items() if parent == pid]
    return found


def cpu(pids):
    """Seconds of processor time, those of children that have ended included."""
    return sum(sum(int(f) for f in fields[11:15]) / TICKS for fields in map(stat, pids) if fields)


def pss(pids):
    """Memory in KiB, shared pages divided among those who share them."""
    total = 0
    for pid in pids:
        try:
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
    return total


def call(method, path, body=None):
    request = urllib.request.Request(
        os.environ["SWITCHYARD_URL"] + path, method=method,
        headers={"Authorization": "Bearer " + os.environ["SWITCHYARD_KEY"], "Content-Type": "application/json"},
        data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def service(name):
    """A process of the stack."""
    return int((pathlib.Path(os.environ["RUN"]) / f"{name}.pid").read_text().split()[0])


def switchyard(port, options):
    """One crawl as a job."""
    worker = service("crawling-1")

    def platform():
        return [pid for name in ("gateway", "postgres", "rabbitmq") for pid in tree(service(name))]

    before, around = cpu(tree(worker)), cpu(platform())
    peak, over = [0], threading.Event()

    def watch():
        while not over.wait(0.5):
            peak[0] = max(peak[0], pss(tree(worker)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    hosts = ["www.shop", "docs.shop", "blog.shop", "forum.other", "slow.other"]
    start = time.monotonic()
    job = call("POST", "/api/v1/jobs", {"type": "web_crawling", "spec": {
        "seeds": [f"http://{host}.localhost:{port}/" for host in hosts], "concurrency": options.concurrency,
        "per_host": {"concurrency": options.per_host, "delay_ms": 0}, "max_pages": 1_000_000}})["id"]
    while True:
        answer = call("GET", f"/api/v1/jobs/{job}?wait=30s&until=ended")
        if answer["status"] in ("completed", "failed", "cancelled", "stopped"):
            break
    seconds = time.monotonic() - start
    over.set()
    watcher.join()
    if answer["status"] != "completed":
        raise SystemExit(f"the crawl has {answer['status']}: {answer.get('error')}")
    return {"pages": answer["result"]["pages"], "seconds": seconds, "cpu": cpu(tree(worker)) - before,
            "memory": peak[0], "around": cpu(platform()) - around}


def scrapy(port, options):
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as items:
        run = subprocess.run(
            [os.environ["SCRAPY"], str(HERE / "scrapy/spider.py"), "--port", str(port), "--output", items.name,
             "--concurrency", str(options.concurrency), "--per-host", str(options.per_host)],
            check=True, capture_output=True, text=True)
    report = json.loads(run.stdout.strip().splitlines()[-1])
    return {"pages": report["pages"], "seconds": report["seconds"], "cpu": report["cpu_seconds"],
            "memory": report["peak_pss_kib"], "around": 0}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--per-host", type=int, default=8)
    options = parser.parse_args()
    site = subprocess.Popen(
        [os.environ["BIN"] + "/CrawlSite", "serve", "--pages", str(options.pages), "--mode", "bench"],
        stdout=subprocess.PIPE, text=True)
    try:
        port = json.loads(site.stdout.readline())["port"]
        print(f"{options.pages} pages, {options.concurrency} at a time, {options.per_host} of a host; "
              f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
        rows = {"switchyard": [], "scrapy": []}
        for number in range(options.rounds):
            sides = [("switchyard", switchyard), ("scrapy", scrapy)]
            for name, side in sides if number % 2 == 0 else reversed(sides):
                row = side(port, options)
                rows[name].append(row)
                print(f"{name:10} {row['pages']:6} pages {row['pages'] / row['seconds']:7.1f} pages/s "
                      f"{1000 * row['cpu'] / row['pages']:6.2f} CPU s/1,000 pages {row['memory'] / 1024:6.1f} MiB PSS "
                      f"(around it {1000 * row['around'] / row['pages']:.2f} CPU s/1,000 pages)", flush=True)
    finally:
        site.terminate()
    per_cpu = {name: statistics.median(row["pages"] / row["cpu"] for row in list_) for name, list_ in rows.items()}
    memory = {name: statistics.median(row["memory"] for row in list_) for name, list_ in rows.items()}
    print(f"medians: {per_cpu['switchyard']:.0f} and {per_cpu['scrapy']:.0f} pages per CPU second, ratio "
          f"{per_cpu['switchyard'] / per_cpu['scrapy']:.2f}; {memory['switchyard'] / 1024:.1f} and "
          f"{memory['scrapy'] / 1024:.1f} MiB, ratio {memory['switchyard'] / memory['scrapy']:.2f}")


if __name__ == "__main__":
    main()
