"""For `scrapy reparse`: the sanity checks' verdict on a board, read back from the stored board.

The checks compare a board with what was stored when it came, which is not there any more; what they said then is.
"""

from dataclasses import replace
from typing import Self

from scrapy.crawler import Crawler

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.items import AnyItem, OddsItem
from horses_scrapy.storage.boards import LATE
from horses_scrapy.storage.engine import Store, address_of, open_store
from horses_scrapy.storage.queries import board_flags


class FlagsAsStored:
    """A board that is not stored keeps the flags that its source gave it."""

    def __init__(self, settings: Settings) -> None:
        self._store: Store | None = open_store(settings, Clock()) if address_of(settings).exists() else None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler.settings["HORSES"])

    def process_item(self, item: AnyItem) -> AnyItem:
        if self._store is None or not isinstance(item, OddsItem):
            return item
        with self._store.read() as connection:
            flags = board_flags(connection, item)
        return item if flags is None else replace(item, flags=flags - {LATE})

    def close_spider(self) -> None:
        if self._store is not None:
            self._store.close()
