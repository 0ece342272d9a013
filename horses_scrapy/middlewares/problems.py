"""A page that cannot be read is one line in the log and one problem of the run, not a traceback."""

from collections.abc import Iterable
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.http import Response

from horses_scrapy.errors import SourceError, UnknownOdds
from horses_scrapy.middlewares.kept import forget
from horses_scrapy.track_spider import TrackSpider


class Problems:
    """A spider middleware: our own named errors are noted; any other exception keeps its traceback."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_spider_exception(self, response: Response, exception: Exception) -> Iterable[Any] | None:
        spider = self._crawler.spider
        if not isinstance(spider, TrackSpider) or not isinstance(exception, SourceError | UnknownOdds):
            return None
        if response.request is not None:
            forget(self._crawler.settings["HORSES"], response.request)
        text = str(exception)
        spider.note(exception, text if response.url in text else f"{text} ({response.url})")
        return ()
