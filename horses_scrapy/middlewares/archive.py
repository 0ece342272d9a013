"""Every response that reaches the spider is kept under its run (http.archive_days > 0): `scrapy reparse` reads them again.

`<archive_dir>/<run_id>/0001.gz ...`: a line of JSON (url, request_url, method, request_body in base64, status, headers,
fetched_at, flags, `at`: epoch ms of the spider's clock) and the body. A request that failed has `failure` instead of a
status. run.json says who asked for what, when, and what the database knew then. Of a crawl of several rounds each is kept as
`<run_id>-r1`, `<run_id>-r2` and so on, like a run of its own. Request headers, cookies and requests
that the source marks `private` are not kept.
"""

import json
import logging
import shutil
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Request, Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from horses_scrapy.clock import to_ms
from horses_scrapy.config import Settings
from horses_scrapy.middlewares import saved
from horses_scrapy.middlewares.errbacks import Errback, watched
from horses_scrapy.spider_rounds import round_opened
from horses_scrapy.storage.runs import Run
from horses_scrapy.track_spider import TrackSpider

logger = logging.getLogger(__name__)

ABOUT = "run.json"
_ASKED = "asked_as"  # in a request's meta: as the spider made it, before any redirect


class Archive:
    """A spider middleware, before httperror: what a 404 led to is part of the run."""

    def __init__(self, crawler: Crawler, settings: Settings) -> None:
        self._crawler = crawler
        self._days = settings.http.archive_days
        self._root = settings.archive_dir
        self._folder: Path | None = None
        self._count = self._rounds = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        settings: Settings = crawler.settings["HORSES"]
        kept = crawler.settings.getbool("STATE_FILES") and not crawler.settings.getbool("DRY_RUN")
        if not settings.http.archive_days or not kept:
            raise NotConfigured
        made = cls(crawler, settings)
        crawler.signals.connect(made.round_opened, round_opened)
        return made

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        tidy(self._root, self._days)
        spider = self._crawler.spider
        if isinstance(spider, TrackSpider) and spider.window is None and spider.days.one:
            self._open("")
        async for one in start:
            yield self._noted(one)

    def round_opened(self) -> None:
        """Each round of a crawl is an archive of its own: <run_id>-r1, <run_id>-r2, ..."""
        self._rounds += 1
        self._open(f"-r{self._rounds}")

    def _open(self, which: str) -> None:
        spider = self._crawler.spider
        run: Run | None = getattr(spider, "run", None)
        if run is None or not isinstance(spider, TrackSpider):
            return
        self._count = 0
        folder = self._root / f"{run.run_id}{which}"
        try:
            _make_room(folder)
            (folder / ABOUT).write_text(json.dumps(_about(spider, run), indent=1) + "\n", "utf-8")
        except OSError as error:
            logger.warning("%s: nothing of this run is archived: %s", folder, error)
            return
        self._folder = folder

    async def process_spider_output(
        self,
        response: Response,  # noqa: ARG002 (Scrapy's signature)
        result: AsyncIterator[Any],
    ) -> AsyncIterator[Any]:
        async for one in result:
            yield self._noted(one)

    def process_spider_input(self, response: Response) -> None:
        assert response.request is not None
        head = {**saved.head_of(response), "flags": [str(flag) for flag in response.flags]}
        self._write(response.request, head, response.body)

    def _noted(self, one: Any) -> Any:
        if isinstance(one, Request):
            one.meta[_ASKED] = asked_as(one)
        return watched(one, self._failed)

    def _failed(self, errback: Errback, failure: Failure) -> Iterator[Any]:
        """A status that is an error stands in the archive already, as a response."""
        error = failure.value
        if not isinstance(error, HttpError):
            request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy sets it
            self._write(request, {"url": request.url, "failure": f"{type(error).__name__}: {error}"})
        for one in errback(failure) or ():
            yield self._noted(one)

    def _write(self, request: Request, head: Mapping[str, Any], body: bytes = b"") -> None:
        spider = self._crawler.spider
        if self._folder is None or request.meta.get("private") or not isinstance(spider, TrackSpider):
            return
        self._count += 1
        fetched_at = request.meta.get("fetched_at")
        told = {
            **head,
            **request.meta[_ASKED],
            "fetched_at": None if fetched_at is None else fetched_at.isoformat(),
            "at": spider.clock.now_ms(),
        }
        try:
            saved.write(self._folder / f"{self._count:04d}.gz", told, body)
        except OSError as error:
            logger.warning("%s: the rest of this run is not archived: %s", self._folder, error)
            self._folder = None


def asked_as(request: Request) -> dict[str, str]:
    """By what a request is told from others of its run."""
    return {
        "request_url": request.url,
        "method": request.method,
        "request_body": b64encode(request.body).decode(),
    }


def tidy(root: Path, days: int) -> None:
    """Remove whole runs whose last file is older than so many days, by the disk's clock."""
    oldest = time.time() - days * 86_400
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.is_dir() and max(path.stat().st_mtime for path in (folder, *folder.iterdir())) < oldest:
            shutil.rmtree(folder, ignore_errors=True)  # another crawl tidies too


def _make_room(folder: Path) -> None:
    """A run of that number belongs to a database that is no more: it keeps its answers under another name."""
    if folder.exists():
        folder.rename(folder.with_name(f"{folder.name}-{folder.stat().st_mtime_ns}"))
    folder.mkdir(parents=True)


def _about(spider: TrackSpider, run: Run) -> dict[str, Any]:
    posts = run.post_times(spider.race_date)
    return {
        "spider": spider.name,
        "arguments": {**spider.arguments, "date": spider.race_date.isoformat()},
        "started_at": spider.clock.now_ms(),
        "finished_races": [] if spider.days.again else sorted(run.finished_races(spider.race_date)),
        "post_times": {str(number): to_ms(post) for number, post in posts.items()},
    }
