"""Cards that an earlier crawl fetched are good enough for a narrow one, for some minutes; robots.txt for an hour.

Files in `<state_dir>/cards/`, shared by all crawls. A board is never kept: only what the spider marks as a card is.
"""

import hashlib
import json
import logging
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.middlewares import saved
from horses_scrapy.track_spider import CACHED, TrackSpider

logger = logging.getLogger(__name__)

ROBOTS_AGE = 3600.0
_KEY, _HEADERS = "kept_as", "kept_headers"


class Kept:
    """After the checks of hosts and refusals, before robots.txt: what is not asked for needs nobody's leave."""

    def __init__(self, crawler: Crawler, settings: Settings) -> None:
        spider = crawler.spider
        self._spider = spider if isinstance(spider, TrackSpider) else None
        self._clock = Clock() if self._spider is None else self._spider.clock
        self._card_age = settings.http.card_cache
        self._folder = _folder(settings)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not crawler.settings.getbool("STATE_FILES") or crawler.settings.getbool("DRY_RUN"):
            raise NotConfigured
        return cls(crawler, crawler.settings["HORSES"])

    def process_request(self, request: Request) -> Response | None:
        if not self._kept(request) or "redirect_urls" in request.meta:
            return None
        headers = request.meta.setdefault(_HEADERS, _lines(request))  # once: a retry has Scrapy's on top
        request.meta[_KEY] = key_of(request, headers)
        return self._read(request, self._folder / request.meta[_KEY]) if self._wanted(request) else None

    def process_response(self, request: Request, response: Response) -> Response:
        """The whole answer is kept; of a redirected one, what it was redirected from would have to be known."""
        key = request.meta.get(_KEY)
        good = response.status == 200 or (response.status == 404 and _is_robots(request))
        if key is not None and good and CACHED not in response.flags and "redirect_urls" not in request.meta:
            try:
                self._write(self._folder / key, request, response)
            except OSError as error:
                logger.warning("%s is not kept for later crawls: %s", response.url, error)
        return response

    def _kept(self, request: Request) -> bool:
        return _is_robots(request) or (bool(request.meta.get("card")) and self._card_age > 0)

    def _wanted(self, request: Request) -> bool:
        """A crawl of the whole card has it fetched anew; so does a source that knows it to be out of date."""
        cards = self._spider is not None and self._spider.cached_cards
        return _is_robots(request) or (cards and not request.meta.get("fresh"))

    def _read(self, request: Request, path: Path) -> Response | None:
        """A file that is missing, broken, too old or of the future is a miss."""
        try:
            head, body = saved.read(path)
            fetched_at = datetime.fromisoformat(head["fetched_at"])
            old = (self._clock.now() - fetched_at).total_seconds()
            response = saved.response_of(head, body, [CACHED])
        except (OSError, saved.Unreadable, KeyError, TypeError, ValueError):
            return None
        if not 0 <= old <= (ROBOTS_AGE if _is_robots(request) else self._card_age):
            return None
        request.meta["fetched_at"] = fetched_at
        return response

    def _write(self, path: Path, request: Request, response: Response) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fetched_at: datetime = request.meta.get("fetched_at") or self._clock.now()
        saved.write(path, {**saved.head_of(response), "fetched_at": fetched_at.isoformat()}, response.body)
        self._tidy()

    def _tidy(self) -> None:
        """What nobody reads any more, by the disk's clock: under another clock a file may go early, and is then a miss."""
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another crawl tidies too
                if path.stat().st_mtime < time.time() - ROBOTS_AGE:
                    path.unlink()


def key_of(request: Request, headers: list[str]) -> str:
    """A name for method, URL, body and the headers that the source sends."""
    told = json.dumps([request.method, request.url, headers]).encode()
    return f"{hashlib.sha256(told + request.body).hexdigest()}.gz"


def _lines(request: Request) -> list[str]:
    return sorted(
        f"{name.decode('latin-1')}: {value.decode('latin-1')}"
        for name, values in request.headers.items()
        for value in values
    )


def forget(settings: Settings, request: Request) -> None:
    """A card that could not be read is not what later crawls should read either."""
    key = request.meta.get(_KEY)
    if key is not None:
        (_folder(settings) / key).unlink(missing_ok=True)


def _folder(settings: Settings) -> Path:
    return settings.state_dir / "cards"


def _is_robots(request: Request) -> bool:
    return request.callback is NO_CALLBACK and urlsplit(request.url).path == "/robots.txt"
