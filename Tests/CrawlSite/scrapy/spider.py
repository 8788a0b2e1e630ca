#!/usr/bin/env python3
"""Crawls the generated site with Scrapy, as an ordinary project would, and measures what that costs.

The last line of the output is JSON: pages, seconds, CPU seconds of the whole process and of the crawl alone, peak RSS and peak PSS
in KiB (PSS is sampled from /proc/self/smaps_rollup every half second).
"""
import argparse
import json
import resource
import threading
import time

from scrapy import signals
from scrapy.crawler import CrawlerProcess
from scrapy.linkextractors import LinkExtractor
from scrapy.resolver import CachingThreadedResolver
from scrapy.spiders import CrawlSpider, Rule
from twisted.internet import defer

HOSTS = [
    "www.shop.localhost",
    "docs.shop.localhost",
    "blog.shop.localhost",
    "forum.other.localhost",
    "slow.other.localhost",
]


class LoopbackResolver(CachingThreadedResolver):
    """Resolves the names of the site as RFC 6761 (6.3) wants; the system's resolver may not know them."""

    def getHostByName(self, name, timeout=()):
        if name.endswith(".localhost"):
            return defer.succeed("127.0.0.1")
        return super().getHostByName(name, timeout)


class SiteSpider(CrawlSpider):
    name = "site"
    allowed_domains = HOSTS
    rules = (Rule(LinkExtractor(), callback="parse_page", follow=True),)

    def parse_start_url(self, response):
        return self.parse_page(response)

    def parse_page(self, response):
        yield {
            "url": response.url,
            "status": response.status,
            "title": response.css("title::text").get(),
            "description": response.css("meta[name=description]::attr(content)").get(),
            "text": "\n".join(
                "".join(paragraph.css("::text").getall()) for paragraph in response.css("[itemprop=articleBody] p")
            ),
            "links": response.css("a::attr(href)").getall(),
        }


class Meter:
    """Measures the process while the spider runs."""

    def __init__(self, crawler):
        self.crawler = crawler
        self.peak_pss = 0
        self.is_over = threading.Event()
        crawler.signals.connect(self.opened, signals.spider_opened)
        crawler.signals.connect(self.closed, signals.spider_closed)

    def opened(self, spider):
        self.start, self.cpu = time.monotonic(), cpu_seconds()
        threading.Thread(target=self.watch, daemon=True).start()

    def closed(self, spider, reason):
        self.is_over.set()
        self.sample()
        stats = self.crawler.stats.get_stats()
        self.report = {
            "pages": stats.get("item_scraped_count", 0),
            "responses": stats.get("downloader/response_count", 0),
            "seconds": round(time.monotonic() - self.start, 3),
            "cpu_seconds": round(cpu_seconds(), 3),
            "crawl_cpu_seconds": round(cpu_seconds() - self.cpu, 3),
            "peak_rss_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            "peak_pss_kib": self.peak_pss,
            "reason": reason,
        }

    def watch(self):
        while not self.is_over.wait(0.5):
            self.sample()

    def sample(self):
        with open("/proc/self/smaps_rollup", encoding="ascii") as rollup:
            for line in rollup:
                if line.startswith("Pss:"):
                    self.peak_pss = max(self.peak_pss, int(line.split()[1]))


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def settings(options):
    return {
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": options.agent,
        "USER_AGENT": f"{options.agent}/1.0",
        "CONCURRENT_REQUESTS": options.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": options.per_host,
        "DOWNLOAD_DELAY": 0,
        "REDIRECT_MAX_TIMES": 10,
        # Breadth first, as the manual describes it.
        "DEPTH_PRIORITY": 1,
        "SCHEDULER_DISK_QUEUE": "scrapy.squeues.PickleFifoDiskQueue",
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        "TWISTED_DNS_RESOLVER": LoopbackResolver,
        # What the manual advises for speed.
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "WARNING",
        "FEEDS": {options.output: {"format": "jsonlines", "overwrite": True}},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--per-host", type=int, default=8)
    parser.add_argument("--agent", default="switchyard")
    parser.add_argument("--output", default="items.jsonl", help="the file of the items, one JSON object a line")
    options = parser.parse_args()
    process = CrawlerProcess(settings(options))
    crawler = process.create_crawler(SiteSpider)
    meter = Meter(crawler)
    process.crawl(crawler, start_urls=[f"http://{host}:{options.port}/" for host in HOSTS])
    process.start()
    print(json.dumps(meter.report), flush=True)


if __name__ == "__main__":
    main()
