"""HEAD is answered as GET is, without the body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        answered = False
        asked = {**scope, "method": "GET"}

        async def without_body(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                scope.update({"route": asked["route"]} if "route" in asked else {})  # under which it is counted
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def gone() -> Message:
            """Once it is answered, nobody waits for the rest: a stream ends."""
            return {"type": "http.disconnect"} if answered else await receive()

        await self._app(asked, gone, without_body)
