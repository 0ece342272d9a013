"""What a crawl saw and how it ended: one crawl_run row, whatever happens to the crawl."""

import asyncio
import logging
from typing import Self

from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from twisted.python.failure import Failure

from alerts.rules import load_rules
from alerts.setup import setting_of
from alerts.system_engine import SystemEngine
from horses_scrapy import clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError, StoreError
from horses_scrapy.extensions.fill_rate import DEGRADED_STAT
from horses_scrapy.extensions.outcome import Outcome, of_exception, worst
from horses_scrapy.items import AnyItem, OddsItem
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.runs import Ending, Run, Superseded
from horses_scrapy.track_spider import CACHED, LEFT_OUT_STAT, TrackSpider

logger = logging.getLogger(__name__)

OUTCOME_STAT = "crawl_run/outcome"
BOARDS_STAT = "crawl_run/boards"
FROM_CACHE_STAT = "crawl_run/from_cache"
"""Responses that an earlier crawl fetched, robots.txt apart."""
FALLBACK_STAT = "crawl_run/fallback"
"""Boards that were read from the source's second choice of page."""
_CLOSE_REASONS = {
    "finished": None,
    "closespider_timeout": Outcome("timeout", "CLOSESPIDER_TIMEOUT"),
    "shutdown": Outcome("skipped", "stopped by a signal"),
    "cancelled": Outcome("skipped", "cancelled"),
}


class CrawlRun:
    """Opens the store and the run, listens, and writes the run's end."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._settings: Settings = crawler.settings["HORSES"]
        self._run: Run | None = None
        self._problems: list[Outcome] = []
        self._items = self._boards = self._requests = self._rejected = self._errors = 0
        self._began = 0
        self._first_request_mono: int | None = None
        self._committed_mono: int | None = None
        self._closing: asyncio.Future[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        made = cls(crawler)
        for handler, signal in (
            (made.spider_opened, signals.spider_opened),
            (made.request_sent, signals.request_reached_downloader),
            (made.response_received, signals.response_received),
            (made.item_scraped, signals.item_scraped),
            (made.item_dropped, signals.item_dropped),
            (made.failed, signals.spider_error),
            (made.failed, signals.item_error),
            (made.spider_closed, signals.spider_closed),
        ):
            crawler.signals.connect(handler, signal)
        return made

    def spider_opened(self, spider: Spider) -> None:
        if not isinstance(spider, TrackSpider):
            return
        self._began = spider.clock.now_ms()
        store = open_store(self._settings, spider.clock)
        logger.info("Storing in %s", store.banner())
        self._run = spider.run = Run.begin(
            store,
            spider.clock,
            spider=spider.name,
            track=spider.track.key,
            source=spider.source.name,
            job_id=getattr(spider, "_job", None),
        )
        try:
            spider.run.take_lease()
        except Superseded as error:
            self._note(of_exception(error))
            raise CloseSpider("superseded") from error

    def request_sent(self, request: Request, spider: Spider) -> None:  # noqa: ARG002 (the signal's signature)
        self._requests += 1
        if self._first_request_mono is None:
            self._first_request_mono = clock.Clock.monotonic_ms()

    def response_received(self, response: Response, request: Request) -> None:
        if CACHED in response.flags and request.callback is not NO_CALLBACK:
            self._crawler.stats.inc_value(FROM_CACHE_STAT)

    def item_scraped(self, item: AnyItem) -> None:
        self._items += 1
        if isinstance(item, OddsItem):
            if "fallback" in item.flags:
                self._crawler.stats.inc_value(FALLBACK_STAT)
            self._boards += 1
            if self._committed_mono is None:
                self._committed_mono = clock.Clock.monotonic_ms()

    def item_dropped(self, exception: BaseException) -> None:
        self._rejected += 1
        self._note(Outcome("parse_error", f"rejected: {exception}"))

    def failed(self, failure: Failure) -> None:
        error = failure.value
        assert error is not None
        self._errors += 1
        self._note(of_exception(error))
        if isinstance(error, Superseded) and self._closing is None:
            engine = self._crawler.engine
            self._closing = asyncio.ensure_future(engine.close_spider_async(reason="superseded"))

    def spider_closed(self, spider: Spider, reason: str) -> None:
        if self._run is None or not isinstance(spider, TrackSpider):
            return
        for problem in spider.problems:
            self._errors += 1
            self._note(of_exception(problem))
        ended = _CLOSE_REASONS.get(reason, Outcome("parse_error", reason)) if not self._problems else None
        if ended is not None:
            self._note(ended)
        if not self._items and not self._problems and not self._run.finished_races(spider.race_date):
            self._note(self._nothing())
        end = worst(self._problems)
        self._run.end(self._ending(end))
        self._crawler.stats.set_value(OUTCOME_STAT, end.name)
        self._crawler.stats.set_value(BOARDS_STAT, self._boards)
        logger.info("Run %d: %s%s", self._run.run_id, end.name, f": {end.reason}" if end.reason else "")
        if not spider.history:
            self._tell(self._run)
        self._run.store.close()

    def _tell(self, run: Run) -> None:
        """What the rules about ourselves make of this track now: a crawl by hand has no scheduler that asks them."""
        try:
            setting = setting_of(self._settings, load_rules(self._settings.alerts_file))
            told = SystemEngine(run.store, setting, run.clock, watching_since=self._began).evaluate_track(run.track)
        except (ConfigError, StoreError) as error:  # the run's end is written: the scheduler's next look tells it
            logger.error("The rules about ourselves were not asked: %s", error)  # noqa: TRY400 (it says what it is)
            return
        for text in told:
            logger.info("Alert: %s", text)

    def _nothing(self) -> Outcome:
        """No item and no problem: the site is empty, or only what was not asked for is there yet (`-a only=`)."""
        if self._crawler.stats.get_value(LEFT_OUT_STAT):
            return Outcome("skipped", "nothing of what was asked for is there")
        return Outcome("empty", "nothing was scraped")

    def _note(self, problem: Outcome) -> None:
        self._problems.append(problem)

    def _ending(self, end: Outcome) -> Ending:
        too_little: str | None = self._crawler.stats.get_value(DEGRADED_STAT)
        return Ending(
            outcome=end.name,
            reason=too_little if end.reason is None else end.reason,
            degraded=too_little is not None or (end.name != "ok" and self._boards > 0),
            requests=self._requests,
            boards=self._boards,
            rejected=self._rejected,
            errors=self._errors,
            first_request_mono=self._first_request_mono,
            committed_mono=self._committed_mono,
        )
