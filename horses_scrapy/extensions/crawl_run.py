"""What a crawl saw and how it ended: one crawl_run row, whatever happens to the crawl."""

import asyncio
import logging
from http import HTTPStatus
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
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError, StoreError
from horses_scrapy.extensions.dry_run import DryRun, shown
from horses_scrapy.extensions.fill_rate import DEGRADED_STAT
from horses_scrapy.extensions.outcome import Outcome, made_good, of_exception, of_rounds
from horses_scrapy.extensions.seen import Seen
from horses_scrapy.extensions.summary import Summary
from horses_scrapy.hosts import origin
from horses_scrapy.items import AnyItem, OddsItem
from horses_scrapy.spider_rounds import round_closed, round_opened
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.runs import NOTHING, Ending, Round, Run, Superseded
from horses_scrapy.track_spider import CACHED, KNOWN_STAT, LEFT_OUT_STAT, TrackSpider

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
_READ_TO_ITS_END = frozenset({"ok", "no_card"})


class CrawlRun:
    """Opens the store and the run, listens, and writes the run's end."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._settings: Settings = crawler.settings["HORSES"]
        self._run: Run | None = None
        self._seen = Seen()
        self._round_open = False
        self._left_out = self._known = 0
        self._days: set[bool] = set()
        self._began = self._began_mono = 0
        self._closing: asyncio.Future[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        made = cls(crawler)
        for handler, signal in (
            (made.spider_opened, signals.spider_opened),
            (made.round_opened, round_opened),
            (made.request_sent, signals.request_reached_downloader),
            (made.response_downloaded, signals.response_downloaded),
            (made.response_received, signals.response_received),
            (made.item_scraped, signals.item_scraped),
            (made.item_dropped, signals.item_dropped),
            (made.failed, signals.spider_error),
            (made.failed, signals.item_error),
            (made.round_closed, round_closed),
            (made.spider_closed, signals.spider_closed),
        ):
            crawler.signals.connect(handler, signal)
        return made

    def spider_opened(self, spider: Spider) -> None:
        if not isinstance(spider, TrackSpider):
            return
        self._began, self._began_mono = spider.clock.now_ms(), Clock.monotonic_ms()
        self._run = spider.run = self._begin(spider)
        self._round_open = spider.window is None and spider.days.one
        try:
            spider.run.take_lease()
        except Superseded as error:
            self._seen.problem(of_exception(error))
            raise CloseSpider("superseded") from error

    def _begin(self, spider: TrackSpider) -> Run:
        if self._crawler.settings.getbool("DRY_RUN"):
            return DryRun.beside(self._settings, spider.clock, track=spider.track.key, source=spider.source.name)
        store = open_store(self._settings, spider.clock)
        logger.info("Storing in %s", store.banner())
        return Run.begin(
            store,
            spider.clock,
            spider=spider.name,
            track=spider.track.key,
            source=spider.source.name,
            job_id=getattr(spider, "_job", None),
        )

    def round_opened(self) -> None:
        self._round_open = True

    def request_sent(self, request: Request, spider: Spider) -> None:
        now = spider.clock if isinstance(spider, TrackSpider) else Clock()
        self._seen.request(origin(request.url)[1], now.now_ms(), Clock.monotonic_ms())

    def response_downloaded(self, response: Response, request: Request) -> None:
        """No robots.txt is a good answer, too."""
        good = response.status < HTTPStatus.BAD_REQUEST or request.callback is NO_CALLBACK
        self._seen.answer(Clock.monotonic_ms(), good=good)

    def response_received(self, response: Response, request: Request) -> None:
        if CACHED in response.flags and request.callback is not NO_CALLBACK:
            self._crawler.stats.inc_value(FROM_CACHE_STAT)

    def item_scraped(self, item: AnyItem) -> None:
        self._seen.item()
        if isinstance(self._run, DryRun):
            print(shown(item))  # noqa: T201 (what a dry run is for)
        if isinstance(item, OddsItem):
            if "fallback" in item.flags:
                self._crawler.stats.inc_value(FALLBACK_STAT)
            self._seen.board(Clock.monotonic_ms())

    def item_dropped(self, exception: BaseException) -> None:
        self._seen.rejected += 1
        self._seen.problem(Outcome("parse_error", f"rejected: {exception}"))

    def failed(self, failure: Failure) -> None:
        error = failure.value
        assert error is not None
        self._seen.error(of_exception(error))
        if isinstance(error, Superseded) and self._closing is None:
            engine = self._crawler.engine
            self._closing = asyncio.ensure_future(engine.close_spider_async(reason="superseded"))

    def round_closed(self, spider: TrackSpider) -> None:
        """A store that does not take what the round did is a problem of the next one."""
        self._round_open = False
        if self._run is None:
            return
        try:
            self._run.note_round(self._close_round(spider))
        except StoreError as error:
            spider.note(error, str(error))

    def _close_round(self, spider: TrackSpider, reason: Outcome | None = None) -> Round:
        """reason: why it was cut short."""
        assert self._run is not None
        self._days.add(spider.history)
        self._take_problems(spider)
        if reason is not None and not self._seen.now.problems:
            self._seen.problem(reason)
        known = self._crawler.stats.get_value(KNOWN_STAT, 0)
        silent = not self._seen.now.items and not self._seen.now.problems and known == self._known
        if silent and not self._run.finished_races(spider.race_date):
            self._seen.problem(self._nothing())
        self._known, self._left_out = known, self._crawler.stats.get_value(LEFT_OUT_STAT, 0)
        end, done = self._seen.close_round()
        synced = spider.race_date if spider.days.sync and end.name in _READ_TO_ITS_END else None
        return Round(done.stages, done.used, spider.poll_id, synced)

    def _take_problems(self, spider: TrackSpider) -> None:
        taken, spider.problems = spider.problems, []
        for problem in taken:
            self._seen.error(of_exception(problem))

    def spider_closed(self, spider: Spider, reason: str) -> None:
        if self._run is None or not isinstance(spider, TrackSpider):
            return
        end, last = self._end(spider, _CLOSE_REASONS.get(reason, Outcome("parse_error", reason)))
        summary = self._summary(spider)
        ending = self._ending(end, summary)
        self._run.end(ending, last)
        self._crawler.stats.set_value(OUTCOME_STAT, end.name)
        self._crawler.stats.set_value(BOARDS_STAT, self._seen.boards)
        words = f"{ending.outcome}: {ending.reason}" if ending.reason else ending.outcome
        logger.info("Run %d: %s: %s", self._run.run_id, words, summary.text())
        if False in self._days and self._run.slot is None and not isinstance(self._run, DryRun):
            self._tell(self._run)
        self._run.store.close()

    def _end(self, spider: TrackSpider, reason: Outcome | None) -> tuple[Outcome, Round]:
        """A crawl that is stopped between two rounds ends as these did."""
        self._take_problems(spider)
        last = NOTHING
        if self._round_open or self._seen.now.problems:
            last = self._close_round(spider, reason)
        ends = self._seen.ends
        if not ends:
            return reason or Outcome("skipped", "nothing was left to be read"), last
        end = of_rounds(ends, made_good=spider.window is not None)
        if end.reason is not None or reason is None:
            return end, last
        return Outcome(end.name, reason.reason), last

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
        if self._crawler.stats.get_value(LEFT_OUT_STAT, 0) > self._left_out:
            return Outcome("skipped", "nothing of what was asked for is there")
        return Outcome("empty", "nothing was scraped")

    def _summary(self, spider: TrackSpider) -> Summary:
        seen = self._seen
        return Summary(
            items=seen.items,
            boards=seen.boards,
            rejected=seen.rejected,
            errors=seen.errors,
            requests=seen.requests,
            answered=seen.answered,
            duration_ms=Clock.monotonic_ms() - self._began_mono,
            polls=len(seen.ends),
            skipped=spider.coalesced,
        )

    def _ending(self, end: Outcome, summary: Summary) -> Ending:
        seen = self._seen
        too_little: str | None = self._crawler.stats.get_value(DEGRADED_STAT)
        missed = made_good(seen.ends) if end.name == "ok" else None
        partly = end.name != "ok" and seen.boards > 0
        return Ending(
            outcome=end.name,
            reason="; ".join(text for text in (missed, end.reason) if text) or too_little,
            degraded=too_little is not None or missed is not None or partly,
            requests=sum(seen.requests.values()),
            boards=seen.boards,
            rejected=seen.rejected,
            errors=seen.errors,
            first_request_mono=seen.first_request_mono,
            committed_mono=seen.committed_mono,
            summary=summary.json(),
        )
