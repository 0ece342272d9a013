"""Only what `-a only=` asks for leaves the spider, and what an earlier crawl fetched is marked `from_cache`.

card: races. boards: boards, which the store takes without a card. results: results, each right after what this crawl read
of its race: a result names program numbers, and the store refuses one that no stored entry has.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from horses_scrapy.items import AnyItem, OddsItem, RaceItem, ResultItem
from horses_scrapy.middlewares.errbacks import Errback, watched
from horses_scrapy.track_spider import CACHED, LEFT_OUT_STAT, TrackSpider


class AskedFor:
    """A spider middleware."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._cached: set[datetime] = set()
        self._races: dict[int, list[RaceItem]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for one in start:
            yield watched(one, self._failed)

    async def process_spider_output(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        if CACHED in response.flags and response.request is not None:
            self._cached.add(response.request.meta["fetched_at"])
        async for one in result:
            for passed in self._pass(one):
                yield passed

    def _failed(self, errback: Errback, failure: Failure) -> Iterator[Any]:
        for one in errback(failure) or ():
            yield from self._pass(one)

    def _pass(self, one: AnyItem | Request) -> Iterator[Any]:
        if isinstance(one, Request):
            yield watched(one, self._failed)
        elif not isinstance(self._crawler.spider, TrackSpider):
            yield one
        else:
            yield from self._chosen(self._marked(one), self._crawler.spider)

    def _marked(self, item: AnyItem) -> AnyItem:
        """An item is as old as what it was read from, so its time tells: a card may be yielded with a fresh board."""
        if item.fetched_at not in self._cached or isinstance(item, ResultItem):
            return item
        if isinstance(item, RaceItem):
            return replace(item, from_cache=True)
        return replace(item, flags=item.flags | {"from_cache"})

    def _chosen(self, item: AnyItem, spider: TrackSpider) -> Iterator[AnyItem]:
        only = spider.asked.only
        if only == "results" and isinstance(item, RaceItem):
            self._races.setdefault(item.race_number, []).append(item)
        if only == "results" and isinstance(item, ResultItem):
            yield from self._races.pop(item.race_number, ())
        if only is None or isinstance(item, _KINDS[only]):
            yield item
        else:
            self._crawler.stats.inc_value(LEFT_OUT_STAT)


_KINDS = {"card": RaceItem, "boards": OddsItem, "results": ResultItem}
