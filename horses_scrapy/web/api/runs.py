"""What crawls saw, and how they ended."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from horses_scrapy.clock import to_ms
from horses_scrapy.storage.run_list import RunsAsked
from horses_scrapy.web.api.asked import Moment, Served, Word
from horses_scrapy.web.facts.runs import run_list
from horses_scrapy.web.models.base import Limit, Offset
from horses_scrapy.web.models.runs import RunList

router = APIRouter(tags=["runs"])
Outcome = Literal[
    "ok", "no_card", "empty", "blocked", "parse_error", "skipped", "timeout", "unavailable",
    "store_error", "superseded", "lost", "memory",
]  # fmt: skip


async def runs_asked(
    track: Annotated[Word | None, Query(description="Key")] = None,
    outcome: Outcome | None = None,
    kind: Annotated[Word | None, Query(description="card, near, window, manual, or the name of an update")] = None,
    since: Annotated[Moment | None, Query(description="Of started_at")] = None,
    running: Annotated[bool | None, Query(description="Whether it has not ended")] = None,
) -> RunsAsked:
    began = None if since is None else to_ms(since)
    return RunsAsked(track=track, outcome=outcome, kind=kind, since=began, running=running)


@router.get("/runs", response_model=RunList, summary="What crawls saw, and how they ended")
async def runs(
    request: Request,
    desk: Served,
    asked: Annotated[RunsAsked, Depends(runs_asked)],
    limit: Annotated[Limit, Query()] = 100,
    offset: Annotated[Offset, Query()] = 0,
) -> Response:
    return await desk.answer(request, lambda reading: run_list(reading, asked, request.url, limit, offset))
