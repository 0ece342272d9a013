"""A response that lasts: server-sent events until either side ends it."""

import asyncio
from collections.abc import Callable

from fastapi import Response
from starlette.types import Receive, Scope, Send

from horses_scrapy.web.stream.client import Client

STUCK_S = 20.0
"""A client that takes nothing for so long is left."""
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep events back
}


class EventStream(Response):
    def __init__(self, client: Client, opening: bytes, leave: Callable[[Client], None]) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._client = client
        self._opening = opening
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        gone = asyncio.create_task(self._until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._send_all(send)
        except TimeoutError:
            return  # the server closes the connection
        finally:
            gone.cancel()
            self._leave(self._client)

    async def _send_all(self, send: Send) -> None:
        told: bytes | None = self._opening
        while told is not None:
            async with asyncio.timeout(STUCK_S):
                await send({"type": "http.response.body", "body": told, "more_body": True})
            told = await self._client.next()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._client.end()
