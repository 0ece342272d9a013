"""Fill rates of a run: stored by field, and compared with the track's earlier runs. A field that empties is a broken selector."""

import logging
from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Self

from scrapy import Spider, signals
from scrapy.crawler import Crawler
from sqlalchemy import Connection

from alerts import system
from alerts.system import Fall
from horses_scrapy.config import Settings
from horses_scrapy.extensions.filled import WIN_ODDS, of_board, of_card
from horses_scrapy.items import AnyItem, OddsItem, RaceItem
from horses_scrapy.storage.fill_rates import Filled, recent, record
from horses_scrapy.storage.runs import Run
from horses_scrapy.track_spider import TrackSpider

logger = logging.getLogger(__name__)

DEGRADED_STAT = "fill_rate/degraded"
"""Why the run is degraded; not set where it is not."""
ENOUGH = 90
"""Percent of the win odds of active runners that a run must have."""
RUNS = 10
FEWEST_RUNS = 5
FEWEST_PLACES = 6
FALL = 20
"""Percent points below the median of the last RUNS runs, of which there must be FEWEST_RUNS."""


class FillRate:
    """Runs before crawl_run at the spider's end: that one writes how the run ended, and closes the store."""

    def __init__(self, crawler: Crawler, recipients: tuple[str, ...]) -> None:
        self._crawler = crawler
        self._recipients = recipients
        self._rates: dict[str, Filled] = {}
        self._posts: dict[int, datetime | None] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        settings: Settings = crawler.settings["HORSES"]
        made = cls(crawler, settings.smtp.recipients)
        crawler.signals.connect(made.item_scraped, signals.item_scraped)
        crawler.signals.connect(made.spider_closed, signals.spider_closed)
        return made

    def item_scraped(self, item: AnyItem) -> None:
        found: dict[str, Filled] = {}
        if isinstance(item, RaceItem):
            self._posts[item.race_number] = item.post_time
            found = of_card(item)
        elif isinstance(item, OddsItem):
            found = of_board(item, self._posts.get(item.race_number))
        for field, rate in found.items():
            self._rates[field] = self._rates.get(field, Filled(0, 0)) + rate

    def spider_closed(self, spider: Spider) -> None:
        run: Run | None = getattr(spider, "run", None)
        if run is None or not isinstance(spider, TrackSpider) or not self._rates:
            return
        with run.store.write() as connection:
            record(connection, run.run_id, self._rates)
            told = [] if spider.history else self._judge(connection, spider)
        for text in told:
            logger.warning("Selector health: %s", text)
        win = self._rates.get(WIN_ODDS, Filled(0, 0))
        if win.percent < ENOUGH:
            self._crawler.stats.set_value(DEGRADED_STAT, f"{win.filled} of {win.total} win odds of active runners")

    def _judge(self, connection: Connection, spider: TrackSpider) -> list[str]:
        """The lines of the falls that are new; a past day says nothing about the site as it is."""
        lines: list[str] = []
        for field, rate in sorted(self._rates.items()):
            before = recent(connection, spider.run.track, field, RUNS, before_run=spider.run.run_id)
            if len(before) < FEWEST_RUNS or rate.total < FEWEST_PLACES:
                continue
            fall = fallen(field, rate, before)
            if fall is None:
                system.selector_holds(connection, spider.track, field, rate.percent)
                continue
            told = system.selector_fell(
                connection,
                spider.track,
                fall,
                race_date=spider.race_date.isoformat(),
                recipients=self._recipients,
                clock=spider.clock,
            )
            lines += [] if told is None else [told]
        return lines


def fallen(field: str, rate: Filled, before: Sequence[Filled]) -> Fall | None:
    """Whether a field is filled much less than it was in the median of earlier runs."""
    usual = round(median(earlier.percent for earlier in before))
    if usual - rate.percent < FALL:
        return None
    return Fall(
        field=field,
        percent=rate.percent,
        usual=usual,
        found=f"{rate.filled} of {rate.total} filled ({rate.percent} %)",
        before=f"usual is {usual} %, in the last {len(before)} runs",
    )
