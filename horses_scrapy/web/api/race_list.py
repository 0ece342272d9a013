"""The list of races."""

import datetime as dt
import re
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator

from horses_scrapy.items import RaceStatus
from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.facts.race_list import Asked, Kind, race_list
from horses_scrapy.web.marks import of_races
from horses_scrapy.web.models.base import Limit, Offset
from horses_scrapy.web.models.race_list import RaceList

router = APIRouter(tags=["races"])
DAY_MINUTES = 24 * 60


def _as_a_calendar_has_it(text: str) -> str:
    """A number of seconds would be a date to pydantic alone."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) is None:
        raise ValueError("a date such as 2026-05-02 is expected")
    return text


RaceDate = Annotated[dt.date, BeforeValidator(_as_a_calendar_has_it)]


async def _asked(
    date: Annotated[
        RaceDate | None, Query(description="At the track. Without: posts from 12 h ago to 24 h ahead")
    ] = None,
    track: Annotated[str | None, Query(min_length=1, max_length=40, description="Key or code")] = None,
    status: Annotated[list[RaceStatus], Query(description="Any of these")] = [],  # noqa: B006 - never changed
    due: Annotated[
        int | None, Query(ge=0, le=DAY_MINUTES, description="Post within so many minutes, or overdue; not official yet")
    ] = None,
    kind: Annotated[Kind, Query(description="There are no games yet")] = "race",
) -> Asked:
    return Asked(date=date, track=track, status=frozenset(status), due=due, kind=kind)


@router.get("/games", response_model=RaceList, summary="The same, by its older name")
@router.get("/races", response_model=RaceList, summary="Races of today, or of a date")
async def races(
    request: Request,
    desk: Served,
    asked: Annotated[Asked, Depends(_asked)],
    limit: Annotated[Limit, Query()] = 100,
    offset: Annotated[Offset, Query()] = 0,
) -> Response:
    return await desk.answer(request, lambda reading: race_list(reading, asked, request.url, limit, offset), of_races)
