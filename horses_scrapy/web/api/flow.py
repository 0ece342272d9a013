"""Money flow."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from horses_scrapy.web.api.asked import RaceId, Served, SourceName
from horses_scrapy.web.facts.flow import flow_of
from horses_scrapy.web.marks import of_race
from horses_scrapy.web.models.flow import MoneyFlow

router = APIRouter(tags=["races"])

Pool = Literal["win", "place", "show", "exacta", "quinella", "trio", "trifecta", "superfecta"]


@router.get("/races/{race_id}/flow", response_model=MoneyFlow, responses={404: {"description": "No such race"}})
async def money_flow(
    request: Request,
    desk: Served,
    race_id: RaceId,
    interval: Annotated[int, Query(ge=10, le=3600, description="seconds")] = 60,
    pool: Pool = "win",
    source: SourceName = None,
) -> Response:
    """How much came in, interval by interval and for each interest, scratches netted."""
    return await desk.answer(
        request, lambda reading: flow_of(reading, race_id, source, interval, pool), of_race(race_id)
    )
