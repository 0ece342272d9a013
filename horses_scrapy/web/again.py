"""Who asks again for what is kept is answered here: nobody needs to find out what was asked for, nor compress it."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from horses_scrapy.web.desk import KEPT_AS, Desk, Key, Made

MOST = 2000
DECIDE = (b"accept", b"accept-encoding", b"if-none-match")
"""Headers of a request on which an answer depends, beside the address."""
NOT_MODIFIED = 304

Asked = tuple[str, bytes, *tuple[bytes, ...]]
"""Path, query, and what DECIDES."""


@dataclass(frozen=True, slots=True)
class Known:
    """How an answer was put. key: where the desk keeps its body. route: what was found to answer."""

    key: Key
    etag: bytes
    status: int
    headers: Sequence[tuple[bytes, bytes]]
    is_packed: bool
    route: object


class Again:
    """Stands behind the gate. Only answers of the desk are known: they are the same for all who may in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._known: OrderedDict[Asked, Known] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        asked = _asked(scope)
        known = self._known.get(asked)
        body = None if known is None else await _kept(scope["app"].state.desk, known)
        if known is None or body is None:
            await self._app(scope, receive, self._noting(asked, scope, send))
            return
        scope["route"] = known.route
        scope["app"].state.desk.meters.kept()
        await send({"type": "http.response.start", "status": known.status, "headers": list(known.headers)})
        await send({"type": "http.response.body", "body": body})

    def _noting(self, asked: Asked, scope: Scope, send: Send) -> Send:
        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start" and KEPT_AS in scope:
                self._note(asked, scope, message)
            await send(message)

        return noted

    def _note(self, asked: Asked, scope: Scope, message: Message) -> None:
        headers = dict(message["headers"])
        if b"etag" not in headers or b"set-cookie" in headers:
            return
        self._known[asked] = Known(
            key=scope[KEPT_AS],
            etag=headers[b"etag"],
            status=message["status"],
            headers=tuple(message["headers"]),
            is_packed=b"content-encoding" in headers,
            route=scope.get("route"),
        )
        self._known.move_to_end(asked)
        if len(self._known) > MOST:
            self._known.popitem(last=False)


def _asked(scope: Scope) -> Asked:
    given = dict(scope["headers"])
    return scope["path"], scope["query_string"], *(given.get(name, b"") for name in DECIDE)


async def _kept(desk: Desk, known: Known) -> bytes | None:
    """The body, where what was answered then still holds."""
    made = await desk.current(known.key)
    if made is None or made.etag.encode() != known.etag:
        return None
    return b"" if known.status == NOT_MODIFIED else _body(made, known)


def _body(made: Made, known: Known) -> bytes | None:
    return made.packed if known.is_packed else made.body
