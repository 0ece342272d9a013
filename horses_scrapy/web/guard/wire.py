"""uvicorn's HTTP, with bounds while the head of a request comes in: it has none."""

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from horses_scrapy.web.guard.errors import CODES, json_error

MOST_HEAD = 64 * 1024
HEAD_WITHIN_S = 10.0


class Wire(HttpToolsProtocol):
    _head = 0
    """Bytes that came since the head began."""
    _late: asyncio.TimerHandle | None = None
    """Runs while a head is coming in."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._head_begins()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._late is None or self.transport.is_closing():
            return
        self._head += len(data)
        if self._head > MOST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the head is larger than {MOST_HEAD} bytes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_begins()

    def on_headers_complete(self) -> None:
        self._head_is_here()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (uvicorn's words)
        self._refuse(HTTPStatus.BAD_REQUEST, "this is not HTTP")

    def _head_begins(self) -> None:
        self._head_is_here()
        self._head = 0
        self._late = self.loop.call_later(HEAD_WITHIN_S, self._close)

    def _head_is_here(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close(self) -> None:
        self._late = None
        if not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        body = json_error(CODES[status], message)
        head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head.encode() + body)
        self.transport.close()
