"""`python probe.py OUT URL...`: asks for each path in one crawl, and writes what reached the spider for each."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Request, Response
from scrapy.utils.project import get_project_settings
from twisted.python.failure import Failure

from horses_scrapy.items import Source
from horses_scrapy.track_spider import TrackSpider


class Probe(TrackSpider):
    name = "track_awapuni"
    source: ClassVar[Source] = Source("probe", "decimal", "display")

    def __init__(self, *, urls: list[str], out: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.urls = urls
        self.out = out
        self.found: dict[str, list[str]] = {}

    async def start(self) -> AsyncIterator[Request]:
        for url in self.urls:
            if url.startswith("POST "):
                yield self.post_json(url.removeprefix("POST "), {"query": 1}, self.came, asked=url)
            else:
                yield self.get(url, self.came, asked=url).replace(dont_filter=True)  # which must open no door

    def came(self, response: Response, asked: str) -> None:
        self.found[asked] = ["came", f"{response.status} {response.text}"]

    def failed(self, failure: Failure) -> None:
        asked = failure.request.cb_kwargs["asked"]
        self.found[asked] = [type(failure.value).__name__, str(failure.value)]

    def closed(self, reason: str) -> None:  # noqa: ARG002 (the signature that Scrapy calls)
        Path(self.out).write_text(json.dumps(self.found), "utf-8")


if __name__ == "__main__":
    out, *urls = sys.argv[1:]
    settings = get_project_settings()
    settings.setdict({"ITEM_PIPELINES": {}, "EXTENSIONS": {}}, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    process.crawl(Probe, urls=urls, out=out)
    process.start()
