"""The key for a cookie, and back."""

import re
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from horses_scrapy.web.desk import Desk
from horses_scrapy.web.guard.errors import page
from horses_scrapy.web.guard.key import Keys, hand_out, take_back

HOME = "/"
UNSTORED = {"Cache-Control": "no-store"}
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_NOT_BACK_TO = ("/login", "/logout")

router = APIRouter(include_in_schema=False)

Wanted = Annotated[str, Query(alias="next", max_length=4000)]


@router.get("/login")
async def login(request: Request, wanted: Wanted = HOME) -> Response:
    keys: Keys = request.app.state.keys
    if not keys.asked or keys.who(request.scope) is not None:
        return RedirectResponse(local(wanted), 303, UNSTORED)
    return _form(request, local(wanted))


@router.post("/login")
async def trade(
    request: Request,
    key: Annotated[str, Form(max_length=1000)] = "",
    wanted: Annotated[str, Form(alias="next", max_length=4000)] = HOME,
) -> Response:
    keys: Keys = request.app.state.keys
    if keys.asked and not keys.opens(key.strip().encode()):
        return _form(request, local(wanted), 403, "That is not the key.")
    answer = RedirectResponse(local(wanted), 303, UNSTORED)
    if keys.asked:
        hand_out(answer, keys.session(), secure=_secure(request))
    return answer


@router.get("/logout")
async def leaving(request: Request) -> Response:
    return HTMLResponse(page(request.scope, "logout.html", {}), headers=UNSTORED)


@router.post("/logout")
async def leave(request: Request) -> Response:
    answer = RedirectResponse("/login" if request.app.state.keys.asked else HOME, 303, UNSTORED)
    take_back(answer)
    return answer


def local(wanted: str) -> str:
    """A path of ours; the first page for anything that could lead elsewhere, or round in a circle."""
    ours = _LOCAL.fullmatch(wanted) is not None and not wanted.startswith(_NOT_BACK_TO)
    return wanted if ours else HOME


def _form(request: Request, wanted: str, status: int = 200, fault: str | None = None) -> Response:
    given = {"wanted": wanted, "fault": fault}
    return HTMLResponse(page(request.scope, "login.html", given), status, UNSTORED)


def _secure(request: Request) -> bool:
    desk: Desk = request.app.state.desk
    return request.url.scheme == "https" or desk.settings.api.public_url.startswith("https:")
