"""No secret in a job's log, whoever writes it, and no library's chatter."""

from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.utils.log import get_scrapy_root_handler

from horses_scrapy.logs import Redact, quieten, secrets_of


class Redaction:
    def __init__(self, redact: Redact) -> None:
        self._redact = redact

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        quieten()
        made = cls(Redact(secrets_of(crawler.settings["HORSES"])))
        crawler.signals.connect(made.engine_started, signals.engine_started)
        return made

    def engine_started(self) -> None:
        """Scrapy replaces its handler until the engine starts, so the filter is set here and not earlier."""
        handler = get_scrapy_root_handler()
        if handler is not None:
            handler.addFilter(self._redact)
