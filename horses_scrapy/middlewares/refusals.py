"""A site that refuses us is Blocked, in words: a refusing status that retries did not cure, a redirect to a login page."""

import re
from urllib.parse import urlsplit

from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from horses_scrapy.errors import Blocked

REFUSING = frozenset({401, 403, 407, 429, 451})
_LOGIN = re.compile(
    r"(?:^|[/_.-])(?:log-?in|log-?on|sign-?in|sso|auth|authenticate|captcha|challenge|connexion)(?:$|[/_.-])",
    re.IGNORECASE | re.ASCII,
)


def looks_like_login(url: str) -> bool:
    """Whether a path has a part that is named as login and challenge pages are: /account/login.aspx, /sso/start."""
    return _LOGIN.search(urlsplit(url).path) is not None


class Refusals:
    def process_request(self, request: Request) -> None:
        redirected = request.meta.get("redirect_urls")
        if redirected and looks_like_login(request.url):
            raise Blocked(f"{redirected[-1]} redirects to a login page: {request.url}")

    def process_response(self, request: Request, response: Response) -> Response:
        """A robots.txt that is refused says nothing (RFC 9309, 2.3.1.3), so it does not end the crawl."""
        if response.status in REFUSING and request.callback is not NO_CALLBACK:
            raise Blocked(f"HTTP {response.status} from {response.url}")
        return response
