"""On loopback only names of this machine are answered to: a page of elsewhere may have made its own name lead here."""

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from horses_scrapy.config.model import Api
from horses_scrapy.hosts import is_local
from horses_scrapy.web.errors import Refused
from horses_scrapy.web.guard.errors import CODES, refusal

OURS = ("127.0.0.1", "localhost", "::1")


class Hosts:
    def __init__(self, app: ASGIApp, api: Api) -> None:
        self._app = app
        self._known = _known(api) if is_local(api.host) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._known is not None and host_of(scope) not in self._known:
            refused = Refused(400, CODES[400], "this machine does not go by that name (Host); see api.public_url")
            await refusal(scope, refused)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _known(api: Api) -> set[str]:
    public = urlsplit(api.public_url).hostname
    return {*OURS, api.host.lower(), *([] if public is None else [public])}


def host_of(scope: Scope) -> str | None:
    """As the client calls us, without the port; None where it does not say, or says it twice."""
    given = [value for name, value in scope["headers"] if name == b"host"]
    if len(given) != 1:
        return None
    try:
        return urlsplit(f"//{given[0].decode('latin-1')}").hostname
    except ValueError:
        return None
