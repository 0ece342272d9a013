"""Pipeline 500: the rules see every board and change of the item's race that they have not seen yet."""

import logging
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from alerts.engine import Engine
from alerts.setup import engine_of, rules_of
from horses_scrapy.config import Settings
from horses_scrapy.items import AnyItem, OddsItem
from horses_scrapy.logs import context
from horses_scrapy.track_spider import TrackSpider

logger = logging.getLogger(__name__)


class Alert:
    def __init__(self, crawler: Crawler, settings: Settings) -> None:
        self._crawler = crawler
        self._settings = settings
        self._rules = rules_of(settings)
        self._engine: Engine | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if crawler.settings.getbool("DRY_RUN"):
            raise NotConfigured
        return cls(crawler, crawler.settings["HORSES"])

    def process_item(self, item: AnyItem) -> AnyItem:
        spider = self._crawler.spider
        assert isinstance(spider, TrackSpider)
        race_id = spider.run.race_id(item)
        with context(race=item.race_number):
            fired = self._engine_of(spider).evaluate_race(race_id, spider.run.run_id) if race_id is not None else []
            for alert in fired:
                logger.info("Alert: %s", alert.text)
            if isinstance(item, OddsItem):
                logger.info("Scraped race %s R%d: %d alerts", spider.track.code, item.race_number, len(fired))
        return item

    def _engine_of(self, spider: TrackSpider) -> Engine:
        if self._engine is None:
            self._engine = engine_of(self._settings, self._rules, spider.run.store, spider.clock)
        return self._engine
