"""Only what `-a only=` asks for leaves the spider, and what an earlier crawl fetched is marked `from_cache`.

card: races. boards: boards, which the store takes without a card. results: results, each right after what this crawl read
of its race: a result names program numbers, and the store refuses one that no stored entry has.

A kept card is read at each poll of a window. What was read from it before passes once: it is stored.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from horses_scrapy.items import AnyItem, OddsItem, RaceItem, ResultItem
from horses_scrapy.middlewares.errbacks import Errback, watched
from horses_scrapy.spider_rounds import round_opened
from horses_scrapy.track_spider import CACHED, KNOWN_STAT, LEFT_OUT_STAT, TrackSpider


class AskedFor:
    """A spider middleware."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._cached: set[datetime] = set()
        self._races: dict[int, list[RaceItem]] = {}
        self._passed: dict[tuple[int, bool], RaceItem] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        made = cls(crawler)
        crawler.signals.connect(made.round_opened, round_opened)
        crawler.signals.connect(made.item_error, signals.item_error)
        return made

    def item_error(self) -> None:
        """What could not be stored is stored with the next poll."""
        self._passed.clear()

    def round_opened(self) -> None:
        """A race of the last round is not this one's, though it may have the same number."""
        self._cached.clear()
        self._races.clear()

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
        elif not self._passed_before(one, self._crawler.spider):
            yield from self._chosen(self._marked(one), self._crawler.spider)

    def _passed_before(self, item: AnyItem, spider: TrackSpider) -> bool:
        """Races only, of a window: with their entries and without, as their own pages and the card tell them."""
        if spider.window is None or spider.asked.only == "results" or not isinstance(item, RaceItem):
            return False
        key = item.race_number, bool(item.entries)
        known = self._passed.get(key) == item
        self._passed[key] = item
        self._crawler.stats.inc_value(KNOWN_STAT, int(known))
        return known

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
