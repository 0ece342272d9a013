"""A job's log, whoever writes it: no secret in it, no library's chatter, and what each line is about."""

from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.utils.log import get_scrapy_root_handler

from horses_scrapy.config import Settings
from horses_scrapy.logs import dress_job_log, quieten
from horses_scrapy.track_spider import TrackSpider


class Redaction:
    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._settings: Settings = crawler.settings["HORSES"]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        quieten()
        made = cls(crawler)
        crawler.signals.connect(made.engine_started, signals.engine_started)
        return made

    def engine_started(self) -> None:
        """Scrapy replaces its handler until the engine starts, so it is dressed here and not earlier; the run is open."""
        handler = get_scrapy_root_handler()
        if handler is not None:
            dress_job_log(handler, self._settings, **self._about())

    def _about(self) -> dict[str, str | int]:
        spider = self._crawler.spider
        if not isinstance(spider, TrackSpider):
            return {}
        run = {"run": spider.run.run_id} if "run" in vars(spider) else {}
        return {**run, "track": spider.track.key}
