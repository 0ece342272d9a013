"""A site that refuses us is Blocked, in words, and is then left alone for a while by every crawl of this installation.

It refuses by a status that retries did not cure, or by sending us to a login page.
"""

import re
from http import HTTPStatus
from typing import Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import Blocked
from horses_scrapy.middlewares.backoff import retry_after
from horses_scrapy.middlewares.host import Host, Hosts
from horses_scrapy.track_spider import TrackSpider

REFUSING = frozenset({401, 403, 407, 429, 451})
_LOGIN = re.compile(
    r"(?:^|[/_.-])(?:log-?in|log-?on|sign-?in|sso|auth|authenticate|captcha|challenge|connexion)(?:$|[/_.-])",
    re.IGNORECASE | re.ASCII,
)


def looks_like_login(url: str) -> bool:
    """Whether a path has a part that is named as login and challenge pages are: /account/login.aspx, /sso/start."""
    return _LOGIN.search(urlsplit(url).path) is not None


def refuses(request: Request, response: Response) -> bool:
    """A robots.txt that is refused says nothing (RFC 9309, 2.3.1.3), so it does not end the crawl."""
    return response.status in REFUSING and request.callback is not NO_CALLBACK


def check_left_alone(request: Request, host: Host) -> None:
    """Raises Blocked while the host is left alone; for its robots.txt IgnoreRequest, which says nothing either."""
    why = host.left_alone()
    if why is not None:
        raise IgnoreRequest(why) if request.callback is NO_CALLBACK else Blocked(why)


class Refusals:
    def __init__(self, crawler: Crawler, settings: Settings) -> None:
        spider = crawler.spider
        self._clock = spider.clock if isinstance(spider, TrackSpider) else Clock()
        self._wait = settings.http.blocked_wait
        shared = crawler.settings.getbool("STATE_FILES")
        self._hosts = Hosts(settings, self._clock) if shared else None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler, crawler.settings["HORSES"])

    def process_request(self, request: Request) -> None:
        """Raises Blocked before anything is asked for: no robots.txt either."""
        redirected = request.meta.get("redirect_urls")
        if redirected and looks_like_login(request.url):
            self._leave_alone(request, self._wait)
            raise Blocked(f"{redirected[-1]} redirects to a login page: {request.url}")
        if self._hosts is not None:
            check_left_alone(request, self._hosts.of(request.url))

    def process_response(self, request: Request, response: Response) -> Response:
        if not refuses(request, response):
            return response
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:  # the others were written down with the turn still held
            asked = retry_after(response.headers.get("Retry-After"), self._clock.now())
            self._leave_alone(request, max(self._wait, asked or 0))
        raise Blocked(f"HTTP {response.status} from {response.url}")

    def _leave_alone(self, request: Request, seconds: float) -> None:
        if self._hosts is not None:
            self._hosts.of(request.url).refuse(seconds)
