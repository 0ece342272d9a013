"""Arbitrage: real, and so nearly always empty, with the reason why."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.facts.arbitrage import arbitrages_of
from horses_scrapy.web.models.arbitrage import Arbitrages

router = APIRouter(tags=["odds"])


@router.get("/arbitrage", response_model=Arbitrages)
async def arbitrage(
    request: Request,
    desk: Served,
    commission: Annotated[float, Query(ge=0, le=0.5, description="of an exchange: a share of net winnings")] = 0.05,
    max_age: Annotated[int, Query(ge=1, le=3600, description="seconds: of a board that is read")] = 60,
    stake: Annotated[int, Query(ge=1, le=1_000_000, description="whole units, in all, per arbitrage")] = 100,
) -> Response:
    """Sure profits between fixed odds and exchanges. Pari-mutuel prices move with the bet, so they never make one."""
    return await desk.answer(request, lambda reading: arbitrages_of(reading, commission, max_age, stake))
