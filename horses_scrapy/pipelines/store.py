"""Pipeline 300: one item, one transaction, under the run's lease."""

from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from sqlalchemy import Connection

from horses_scrapy.items import AnyItem, OddsItem, RaceItem
from horses_scrapy.storage.writer import store_board, store_race, store_result
from horses_scrapy.track_spider import TrackSpider


class Store:
    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if crawler.settings.getbool("DRY_RUN"):
            raise NotConfigured
        return cls(crawler)

    def process_item(self, item: AnyItem) -> AnyItem:
        spider = self._crawler.spider
        assert isinstance(spider, TrackSpider)
        with spider.run.write() as connection:
            _store(connection, item, spider)
        return item


def _store(connection: Connection, item: AnyItem, spider: TrackSpider) -> None:
    run_id, now_ms = spider.run.run_id, spider.clock.now_ms()
    if isinstance(item, RaceItem):
        store_race(connection, item, spider.track, run_id=run_id, now_ms=now_ms)
    elif isinstance(item, OddsItem):
        store_board(connection, item, spider.track, run_id=run_id, now_ms=now_ms)
    else:
        store_result(connection, item, spider.track, run_id=run_id, now_ms=now_ms)
