"""Who may in, and how often."""

import math
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from horses_scrapy.config.model import Api
from horses_scrapy.web.errors import Refused
from horses_scrapy.web.guard.bucket import Buckets, address_of
from horses_scrapy.web.guard.errors import CODES, is_for_programs, refusal
from horses_scrapy.web.guard.key import BEARER, Keys

UNCOUNTED = ("/static/", "/healthz")
WITHOUT_KEY = (*UNCOUNTED, "/login", "/mute/")
"""The token in a mute's address is its own authority."""
LOGINS_PER_S, LOGINS_AT_ONCE = 0.2, 5
MOST_NEXT = 1000
UNSTORED = {"Cache-Control": "no-store"}
AGAIN = (
    b'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>horses</title>'
    b'<link rel="icon" href="/static/icon.svg">'
)
"""A link from elsewhere comes without the cookie (SameSite=Strict). Asked for by a page of ours, this one, it comes with it,
and is called same-origin: no circle.
"""


class Gate:
    def __init__(self, app: ASGIApp, api: Api, keys: Keys) -> None:
        self._app = app
        self._keys = keys
        self._buckets = Buckets(api.requests_per_second, api.burst)
        self._logins = Buckets(LOGINS_PER_S, LOGINS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._turned_away(scope) if scope["type"] == "http" else None
        await (self._app if answer is None else answer)(scope, receive, send)

    def _turned_away(self, scope: Scope) -> Response | None:
        path = scope["path"]
        if path.startswith(UNCOUNTED):
            return None
        who = self._keys.who(scope)
        wait = self._buckets.take(address_of(scope) if who in {None, BEARER} else str(who))
        if path == "/login" and scope["method"] == "POST":
            wait = max(wait, self._logins.take(address_of(scope)))
        if wait:
            return _slower(scope, wait)
        if who is None and self._keys.asked and not path.startswith(WITHOUT_KEY):
            return _unknown(scope)
        return None


def _slower(scope: Scope, wait: float) -> Response:
    refused = Refused(429, CODES[429], "too many requests; see Retry-After")
    return refusal(scope, refused, {"Retry-After": str(math.ceil(wait))})


def _unknown(scope: Scope) -> Response:
    headers = Headers(scope=scope)
    if is_for_programs(scope["path"]) or headers.get("sec-fetch-mode", "navigate") != "navigate":
        refused = Refused(401, CODES[401], "a key is needed: Authorization: Bearer <API_KEY>, or log in at /login")
        return refusal(scope, refused, {"WWW-Authenticate": 'Bearer realm="horses"'})
    if headers.get("sec-fetch-site") == "cross-site":
        return HTMLResponse(AGAIN, headers=UNSTORED)
    return RedirectResponse(f"/login{_next(scope)}", 303, UNSTORED)


def _next(scope: Scope) -> str:
    wanted = quote(scope["path"]) + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    asked: Mapping[str, str] = {"next": wanted}
    return f"?{urlencode(asked)}" if scope["method"] == "GET" and 1 < len(wanted) <= MOST_NEXT else ""
