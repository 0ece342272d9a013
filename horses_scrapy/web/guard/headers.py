"""What a browser is told with every answer."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
TOLD: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
ALWAYS: tuple[Header, ...] = tuple((name.encode(), text.encode()) for name, text in TOLD.items())
HTTPS_ONLY: Header = (b"strict-transport-security", b"max-age=31536000")
STATIC: Header = (b"cache-control", b"public, max-age=60, must-revalidate")
"""Short: the names of these files stay when a new version comes. Afterwards the ETag is asked about."""


class Headers:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_of(scope, message["status"])]
            await send(message)

        await self._app(scope, receive, dressed)


def _of(scope: Scope, status: int) -> list[Header]:
    static = scope["path"].startswith("/static/") and status in {200, 304}
    return [
        *ALWAYS,
        *([HTTPS_ONLY] if scope["scheme"] == "https" else []),
        *([STATIC] if static else []),
    ]
