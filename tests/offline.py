"""horses_scrapy.offline with the configuration as it is shipped."""

from typing import Any

from crawling import ROOT

from horses_scrapy import config, offline
from horses_scrapy.offline import Frozen, Pages, pages
from horses_scrapy.track_spider import TrackSpider

__all__ = ["SHIPPED", "Frozen", "Pages", "outcome", "pages", "spider_of"]

SHIPPED = config.load(ROOT / "config/config.yaml", environ={})


def spider_of(spider: type[TrackSpider], frozen_time: str, **arguments: str) -> TrackSpider:
    return offline.spider_of(SHIPPED, spider, frozen_time, **arguments)


def outcome(spider: TrackSpider, page: Pages) -> dict[str, Any]:
    """What a crawl gives, as plain values: its items by kind, and what could not be read."""
    return offline.read_all(spider, page).plain()
