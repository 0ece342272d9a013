"""Times every request; the outermost of what an answer passes."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from horses_scrapy.web.meters import Meters

STREAM = b"text/event-stream"


class Timing:
    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app, self._meters = app, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Timed(self._meters, scope, send)
        with self._meters.serving(scope):
            try:
                await self._app(scope, receive, answer.send)
            finally:
                answer.end()


class _Timed:
    """One answer. Noted once: at its end, or where it breaks off; of a stream when it begins."""

    def __init__(self, meters: Meters, scope: Scope, send: Send) -> None:
        self._meters, self._scope, self._send = meters, scope, send
        self._began = time.perf_counter()
        self._status = 500  # nothing was sent: the server answers for the application
        self._noted = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            if any(name == b"content-type" and value.startswith(STREAM) for name, value in message["headers"]):
                self.end()
        await self._send(message)

    def end(self) -> None:
        if not self._noted:
            self._noted = True
            self._meters.answered(self._scope, self._status, time.perf_counter() - self._began)
