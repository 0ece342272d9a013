"""Requests of a size and shape that no honest client sends go no further."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from horses_scrapy.web.errors import Refused
from horses_scrapy.web.guard.errors import CODES, refusal

MOST_URL = 4096
MOST_HEADERS = 32 * 1024
MOST_BODY = 16 * 1024
BODY_WITHIN_S = 10.0
OWN_PAGES = (b"same-origin", b"none")
"""Of Sec-Fetch-Site, where a browser sends it: only they may post."""


class Shape:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _look(scope)
            receive = await _with_body(receive) if scope["method"] == "POST" else receive
        except Refused as refused:
            await refusal(scope, refused, {"Connection": "close"})(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _look(scope: Scope) -> None:
    path, query = scope["path"], scope["query_string"]
    if len(path) + len(query) > MOST_URL:
        raise Refused(414, CODES[414], f"the address is longer than {MOST_URL} bytes")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADERS:
        raise Refused(431, CODES[431], f"the headers are larger than {MOST_HEADERS} bytes")
    if "\0" in path or b"%00" in query or b"\0" in query:
        raise Refused(400, CODES[400], "the address holds a NUL character")
    if scope["method"] == "POST" and dict(scope["headers"]).get(b"sec-fetch-site", b"none") not in OWN_PAGES:
        raise Refused(403, CODES[403], "only the pages of this board may post to it")


async def _with_body(receive: Receive) -> Receive:
    """What gives the whole body at once: it is here, and not too long. Raises Refused."""
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            body = await _read(receive)
    except TimeoutError:
        raise Refused(408, CODES[408], f"the body did not come within {BODY_WITHIN_S:.0f} s") from None
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BODY:
            raise Refused(413, CODES[413], f"the body is longer than {MOST_BODY} bytes")
        if not message.get("more_body", False):
            return bytes(body)
