"""One client per host: all crawls of an installation take turns, and keep one pace together.

Closest to the network: a wait for a retry, a redirect, an answer from the cache hold no turn. robots.txt takes one too.
"""

import asyncio
import logging
from contextlib import ExitStack
from dataclasses import replace
from http import HTTPStatus
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.config.tracks import RateLimit
from horses_scrapy.errors import NoTurn, Stopped
from horses_scrapy.middlewares.backoff import MAX_WAIT, retry_after
from horses_scrapy.middlewares.bucket import Bucket
from horses_scrapy.middlewares.host import Host, Hosts, Pace, Turn
from horses_scrapy.middlewares.refusals import check_left_alone, refuses
from horses_scrapy.track_spider import TrackSpider

logger = logging.getLogger(__name__)

_STEP = 0.02  # real seconds between two tries for the turn
_LONG_MS = 10_000  # a wait that is worth a line
PAUSING = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class Turns:
    """Also stamps the request with `fetched_at`, the instant of the spider's clock at which its answer came."""

    def __init__(self, crawler: Crawler, settings: Settings) -> None:
        spider = crawler.spider
        self._crawler = crawler
        self._clock, limit = _terms(spider, settings)
        self._bucket = Bucket.of(limit)
        self._hosts = Hosts(settings, self._clock)
        self._first_wait, self._blocked_wait = settings.http.retry_first_wait, settings.http.blocked_wait
        self._held: dict[Request, Turn] = {}
        lifetime = crawler.settings.getfloat("CLOSESPIDER_TIMEOUT")
        self._ends_at = Clock.monotonic_ms() + lifetime * 1000 if lifetime else None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not crawler.settings.getbool("STATE_FILES"):
            raise NotConfigured
        return cls(crawler, crawler.settings["HORSES"])

    async def process_request(self, request: Request) -> None:
        """Raises Blocked where the host is left alone, NoTurn where it would be too late, Stopped with the crawl.

        For a robots.txt IgnoreRequest, which says nothing: the request behind it then meets the same.
        """
        try:
            await self._send(request, self._hosts.of(request.url))
        except (NoTurn, Stopped) as error:
            if request.callback is NO_CALLBACK:
                raise IgnoreRequest(str(error)) from error
            raise

    async def _send(self, request: Request, host: Host) -> None:
        began = self._clock.now_ms()
        with ExitStack() as unless_sent:
            turn = await self._turn(host)
            unless_sent.callback(turn.end)
            await self._keep_pace(turn, host)
            check_left_alone(request, host)  # another process may have been refused while we waited
            unless_sent.pop_all()
        self._held[request] = turn
        waited = self._clock.now_ms() - began
        if waited >= _LONG_MS:
            logger.info("Waited %.0f s for a turn at %s", waited / 1000, host.name)

    def process_response(self, request: Request, response: Response) -> Response:
        turn = self._held.pop(request, None)
        if turn is not None:
            request.meta["fetched_at"] = self._clock.now()
            self._heed(turn, request, response)
            turn.end()
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:  # noqa: ARG002 (Scrapy's signature)
        turn = self._held.pop(request, None)
        if turn is not None:
            turn.end()

    async def _turn(self, host: Host) -> Turn:
        while (turn := host.take_turn()) is None:
            await self._wait(host, 0)
        return turn

    async def _keep_pace(self, turn: Turn, host: Host) -> None:
        """Nobody else may ask meanwhile either, so the turn is kept while we wait."""
        pace = turn.pace()
        while (wait := self._due_in(pace)) > 0:
            await self._wait(host, wait)
        turn.leave(replace(pace, arrival=self._bucket.take(pace.arrival, self._clock.now_ms())))

    def _due_in(self, pace: Pace) -> int:
        now = self._clock.now_ms()
        pause = min(pace.not_before - now, round(MAX_WAIT * 1000))  # more is a clock that was set back
        return max(pause, self._bucket.wait(pace.arrival, now))

    async def _wait(self, host: Host, least_ms: int) -> None:
        """A step on the way to the turn, of which `least_ms` are left. Raises NoTurn or Stopped."""
        if not self._crawler.crawling:
            raise Stopped(f"stopped while it waited for its turn at {host.name}")
        spider = self._crawler.spider
        give_up_at = spider.give_up_at if isinstance(spider, TrackSpider) else None  # a window's poll has its own
        too_late = give_up_at is not None and self._clock.now_ms() + least_ms > give_up_at
        if too_late or (self._ends_at is not None and Clock.monotonic_ms() > self._ends_at):
            raise NoTurn(f"no turn at {host.name} before the next poll: too many polls for its rate limit")
        left = self._clock.real_seconds(least_ms / 1000)
        await asyncio.sleep(min(left, _STEP * 5) if least_ms else _STEP)

    def _heed(self, turn: Turn, request: Request, response: Response) -> None:
        """A host that refuses one of us, or asks one of us to wait, is not asked by the others meanwhile."""
        if refuses(request, response) and response.status not in PAUSING:
            self._hosts.of(request.url).refuse(self._blocked_wait)
        if response.status not in PAUSING:
            return
        asked = retry_after(response.headers.get("Retry-After"), self._clock.now())
        if asked is None and response.status == HTTPStatus.TOO_MANY_REQUESTS:
            asked = self._first_wait
        if asked:
            until = self._clock.now_ms() + round(min(asked, MAX_WAIT) * 1000)
            pace = turn.pace()
            turn.leave(replace(pace, not_before=max(pace.not_before, until)))


def _terms(spider: object, settings: Settings) -> tuple[Clock, RateLimit]:
    """Clock and rate of a spider; one without a track has the usual ones."""
    if isinstance(spider, TrackSpider):
        return spider.clock, settings.rate_limit(spider.track.source)
    return Clock(), settings.http.rate_limit
