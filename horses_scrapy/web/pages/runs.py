"""/runs: what crawls saw, and how they ended."""

from collections.abc import Mapping
from datetime import UTC
from typing import Annotated, get_args
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import URL

from horses_scrapy.config.updates import Updates
from horses_scrapy.storage.run_list import RunsAsked
from horses_scrapy.storage.slots import KINDS, MANUAL
from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.api.runs import Outcome, runs_asked
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.listing import before
from horses_scrapy.web.facts.runs import run_list
from horses_scrapy.web.models.base import Offset
from horses_scrapy.web.pages.filled import FilledForm

router = APIRouter(include_in_schema=False, route_class=FilledForm)
ON_A_PAGE = 50


@router.get("/runs")
async def runs(
    request: Request,
    desk: Served,
    asked: Annotated[RunsAsked, Depends(runs_asked)],
    offset: Annotated[Offset, Query()] = 0,
) -> Response:
    return await desk.page(request, "runs.html", lambda reading: _shown(reading, asked, request.url, offset))


def _shown(reading: Reading, asked: RunsAsked, url: URL, offset: int) -> Mapping[str, object]:
    found = run_list(reading, asked, url, ON_A_PAGE, offset)
    return {
        "runs": found.runs,
        "page": found.page,
        "before": before(url, found.page),
        "asked": asked,
        "tracks": reading.settings.tracks,
        "zones": {key: ZoneInfo(track.timezone) for key, track in reading.settings.tracks.items()},
        "utc": UTC,
        "outcomes": get_args(Outcome),
        "kinds": (*KINDS, MANUAL, *Updates.NAMES),
    }
