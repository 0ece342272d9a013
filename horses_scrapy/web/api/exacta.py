"""The exacta matrix."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from horses_scrapy.clock import to_ms
from horses_scrapy.web.api.asked import Moment, RaceId, Served, SourceName
from horses_scrapy.web.facts.exacta import exacta_of
from horses_scrapy.web.marks import of_race
from horses_scrapy.web.models.exacta import ExactaMatrix

router = APIRouter(tags=["races"])


@router.get("/races/{race_id}/exacta", response_model=ExactaMatrix, responses={404: {"description": "No such race"}})
async def exacta(
    request: Request,
    desk: Served,
    race_id: RaceId,
    at: Annotated[Moment | None, Query(description="as it stood then; with its offset from UTC")] = None,
    source: SourceName = None,
    gamma: Annotated[
        float | None, Query(gt=0, le=1, description="of Henery's model, 1 is Harville's; default: the rule file's")
    ] = None,
) -> Response:
    """Every exacta's probable pay-out beside its fair price after takeout: estimates."""
    at_ms = None if at is None else to_ms(at)
    return await desk.answer(
        request, lambda reading: exacta_of(reading, race_id, source, at_ms, gamma), of_race(race_id)
    )
