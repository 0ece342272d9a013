"""What nobody expected: logged once with its traceback, answered with the id under which it stands there."""

import logging
import secrets

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from horses_scrapy.web.errors import Refused
from horses_scrapy.web.guard.errors import CODES, asked, refusal

logger = logging.getLogger(__name__)


class Unexpected:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception:
            number = secrets.token_hex(4)
            logger.exception("%s: error %s", asked(scope), number)
            if not started:  # else the server closes the connection: the answer is not whole
                told = Refused(500, CODES[500], f"something went wrong here; in the log it is error {number}")
                await refusal(scope, told)(scope, receive, send)
