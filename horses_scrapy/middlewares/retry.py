"""Asks again, later and later: replaces Scrapy's retry, which asks again at once."""

import asyncio
import logging
import random
from http import HTTPStatus
from typing import Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from twisted.internet.error import ConnectError

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.middlewares.backoff import MAX_WAIT, backoff, retry_after
from horses_scrapy.track_spider import TrackSpider

logger = logging.getLogger(__name__)

STATUSES = frozenset({429, 500, 502, 503, 504})
EXCEPTIONS = (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
TRUNCATED_RETRIES = 1
"""A body that broke off is asked for once more: a site that cuts every body short is not mended by waiting."""
_JITTER = 0.25
_STEP = 0.5  # real seconds between looks at whether the crawl is to stop


class Retry:
    """Retries GETs and queries by POST (meta["query"]: they change nothing) for callbacks, not robots.txt.

    What still fails goes on as it is: a response, or an exception. A wait holds no turn: others ask the host meanwhile,
    unless it asked for the wait itself.
    """

    def __init__(self, crawler: Crawler, settings: Settings) -> None:
        self._crawler = crawler
        self._attempts = settings.http.retry_attempts
        self._first_wait = settings.http.retry_first_wait

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler, crawler.settings["HORSES"])

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        if response.status not in STATUSES:
            return response
        asked = retry_after(response.headers.get("Retry-After"), self._clock().now())
        limited = response.status == HTTPStatus.TOO_MANY_REQUESTS
        host = urlsplit(request.url).netloc
        what = f"Rate limited by {host} (429)" if limited else f"{host} answered {response.status}"
        return await self._again(request, what, self._attempts, asked) or response

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Raises DownloadFailedError for what Twisted knows as a ConnectError (no route, reset while connecting)."""
        if isinstance(exception, ConnectError):
            exception = DownloadFailedError(str(exception))
        if not isinstance(exception, EXCEPTIONS):
            return None
        truncated = isinstance(exception, ResponseDataLossError)
        host = urlsplit(request.url).netloc
        what = f"{host} cut its answer short" if truncated else f"{host} failed ({type(exception).__name__})"
        again = await self._again(
            request, what, min(self._attempts, TRUNCATED_RETRIES if truncated else self._attempts)
        )
        if again is None:
            raise exception
        return again

    async def _again(self, request: Request, what: str, attempts: int, asked: float | None = None) -> Request | None:
        """The request to send after the wait, or None: give up."""
        harmless = request.method == "GET" or request.meta.get("query")
        if not harmless or request.callback is NO_CALLBACK:
            return None
        retry = int(request.meta.get("retry_times", 0)) + 1
        wait = (asked or backoff(self._first_wait, retry)) * random.uniform(1, 1 + _JITTER)  # noqa: S311 (no secret)
        reason = self._gives_up(retry, attempts, wait)
        if reason is not None:
            logger.warning("%s, giving up: %s", what, reason)
            return None
        logger.warning("%s, waiting %.3g s before retry %d of %d", what, wait, retry, attempts)
        await self._sleep(self._clock().real_seconds(wait))
        again: Request = request.replace(meta={**request.meta, "retry_times": retry})
        return again

    def _gives_up(self, retry: int, attempts: int, wait: float) -> str | None:
        if retry > attempts:
            return f"{attempts} retries did not help"
        if wait > MAX_WAIT * (1 + _JITTER):
            return f"{wait:.0f} s is longer than a crawl waits"
        spider = self._crawler.spider
        give_up_at = spider.give_up_at if isinstance(spider, TrackSpider) else None
        if give_up_at is not None and self._clock().now_ms() + wait * 1000 > give_up_at:
            return f"a retry in {wait:.3g} s would run into the next poll"
        return None

    def _clock(self) -> Clock:
        spider = self._crawler.spider
        return spider.clock if isinstance(spider, TrackSpider) else Clock()

    async def _sleep(self, seconds: float) -> None:
        """Real seconds, cut short when the crawl is told to stop."""
        while seconds > 0 and self._crawler.crawling:
            await asyncio.sleep(min(seconds, _STEP))
            seconds -= _STEP
