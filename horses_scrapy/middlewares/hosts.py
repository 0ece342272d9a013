"""Only the host that the track names is ever asked: by start requests, redirects and robots.txt alike."""

import logging
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request

from horses_scrapy.clock import VARIABLE
from horses_scrapy.config import Settings
from horses_scrapy.errors import Blocked, ConfigError
from horses_scrapy.hosts import Origin, is_local, origin
from horses_scrapy.track_spider import TrackSpider

logger = logging.getLogger(__name__)


class Hosts:
    """Replaces Scrapy's OffsiteMiddleware, which `dont_filter` passes and which knows neither port nor scheme."""

    def __init__(self, allowed: Origin | None) -> None:
        self._allowed = allowed

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """A spider without a track (`scrapy shell` on any page) is not held to one. Raises ConfigError."""
        spider = crawler.spider
        if not isinstance(spider, TrackSpider):
            return cls(None)
        _check_public(spider, crawler.settings["HORSES"])
        return cls(origin(spider.track.base_url))

    def process_request(self, request: Request) -> None:
        """Raises IgnoreRequest, or Blocked where the site itself sent us elsewhere."""
        if self._allowed is None or origin(request.url) == self._allowed:
            return
        scheme, host, port = self._allowed
        text = f"{request.url} is not on {scheme}://{host}:{port}, the host of the track's base_url"
        redirected = request.meta.get("redirect_urls")
        if redirected:
            raise Blocked(f"{redirected[-1]} redirects: {text}")
        logger.warning("Refused: %s", text)
        raise IgnoreRequest(text)


def _check_public(spider: TrackSpider, settings: Settings) -> None:
    """A stranger's host is asked only in real time, and only by somebody whom it can write to."""
    _, host, _ = origin(spider.track.base_url)
    if is_local(host):
        return
    if not settings.http.contact:
        raise ConfigError(
            f"{settings.config_file}: set http.contact to your e-mail address or web page before {spider.name} asks {host}"
        )
    if spider.clock.simulated:
        raise ConfigError(
            f"{VARIABLE}: {spider.name} asks {host}, a public host: a clock that runs faster is for a demo"
        )
