"""Fill rates of a run: stored by field, and compared with the track's earlier runs. A field that empties is a broken selector."""

import logging
from datetime import date, datetime
from typing import Self

from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from sqlalchemy import Connection

from alerts.reading.source import RUNS, usually
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
FALL = 20
"""Percent points below the median of the last runs, from which on the log tells it whatever the rules ask for."""


class FillRate:
    """Runs before crawl_run at the spider's end: that one writes how the run ended, and closes the store."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rates: dict[str, Filled] = {}
        self._posts: dict[tuple[date, int], datetime | None] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if crawler.settings.getbool("DRY_RUN"):
            raise NotConfigured
        made = cls(crawler)
        crawler.signals.connect(made.item_scraped, signals.item_scraped)
        crawler.signals.connect(made.spider_closed, signals.spider_closed)
        return made

    def item_scraped(self, item: AnyItem, spider: Spider) -> None:
        """A past day says nothing about the site as it is."""
        found: dict[str, Filled] = {}
        if isinstance(spider, TrackSpider) and spider.history:
            return
        if isinstance(item, RaceItem):
            self._posts[item.race_date, item.race_number] = item.post_time
            found = of_card(item)
        elif isinstance(item, OddsItem):
            found = of_board(item, self._posts.get((item.race_date, item.race_number)))
        for field, rate in found.items():
            self._rates[field] = self._rates.get(field, Filled(0, 0)) + rate

    def spider_closed(self, spider: Spider) -> None:
        run: Run | None = getattr(spider, "run", None)
        if run is None or not isinstance(spider, TrackSpider) or not self._rates:
            return
        with run.store.write() as connection:
            record(connection, run.run_id, self._rates)
            falls = self._falls(connection, run)
        for text in falls:
            logger.warning("Selector health: %s %s", spider.track.code, text)
        win = self._rates.get(WIN_ODDS, Filled(0, 0))
        if win.percent < ENOUGH:
            self._crawler.stats.set_value(DEGRADED_STAT, f"{win.filled} of {win.total} win odds of active runners")

    def _falls(self, connection: Connection, run: Run) -> list[str]:
        """Whether any of it is told is for the rules of the kind selector_health, once the run has ended."""
        lines = []
        for field, rate in sorted(self._rates.items()):
            before = recent(connection, run.track, field, RUNS, before_run=run.run_id)
            usual = usually(rate, before)
            if usual is not None and usual - rate.percent >= FALL:
                lines.append(f"{field} {rate.filled} of {rate.total} filled ({rate.percent} %), usual is {usual} %")
        return lines
