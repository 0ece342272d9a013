"""/mute/<token>: where the mute links of mails lead. A GET changes nothing: mail scanners follow links."""

from collections.abc import Mapping
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts import mute as facts
from horses_scrapy.web.facts.mute import Until

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303


@router.get("/mute/{token}")
async def ask(request: Request, desk: Served, token: str) -> Response:
    return await desk.page(request, "mute.html", lambda reading: _shown(reading, token))


@router.post("/mute/{token}")
async def mute(desk: Served, token: str, until: Annotated[Until, Form()]) -> Response:
    await to_thread.run_sync(facts.mute, desk, token, until)
    return RedirectResponse(f"/mute/{token}", SEE_OTHER)


@router.post("/mute/{token}/undo")
async def undo(desk: Served, token: str) -> Response:
    await to_thread.run_sync(facts.unmute, desk, token)
    return RedirectResponse(f"/mute/{token}", SEE_OTHER)


def _shown(reading: Reading, token: str) -> Mapping[str, object]:
    return {"mute": facts.mute_of(reading, token), "token": token}
