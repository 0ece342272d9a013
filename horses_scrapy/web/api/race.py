"""One race, and how its odds moved."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from horses_scrapy.clock import to_ms
from horses_scrapy.items import Market
from horses_scrapy.web.api.asked import Moment, RaceId, Served, SourceName
from horses_scrapy.web.facts.odds_csv import odds_csv
from horses_scrapy.web.facts.odds_history import BEGIN, END, Window, odds_json
from horses_scrapy.web.facts.race import race_card
from horses_scrapy.web.marks import of_race
from horses_scrapy.web.models.race import OddsHistory, RaceCard

router = APIRouter(tags=["races"])

Label = Annotated[str, Query(min_length=1, max_length=16)]
NOT_THERE: dict[int | str, dict[str, Any]] = {404: {"description": "no such race, or the source does not tell of it"}}
CSV = "text/csv"
MOST = 100_000


@router.get("/races/{race_id}", response_model=RaceCard, responses=NOT_THERE)
async def race(request: Request, desk: Served, race_id: RaceId, source: SourceName = None) -> Response:
    """Card, newest board, pools, moves and result of one race."""
    return await desk.answer(request, lambda reading: race_card(reading, race_id, source), of_race(race_id))


@router.get(
    "/races/{race_id}/odds",
    response_model=OddsHistory,
    responses={**NOT_THERE, 200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
async def odds(
    request: Request,
    desk: Served,
    race_id: RaceId,
    since: Annotated[Moment | None, Query(description="from this instant; what stood then comes first")] = None,
    until: Annotated[Moment | None, Query(description="up to, not including")] = None,
    market: Market = "win_tote",
    source: SourceName = None,
    label: Annotated[list[Label], Query(max_length=64, description="of interests; none: all")] = [],  # noqa: B006
    limit: Annotated[
        int, Query(ge=1, le=MOST, description="points, of all series together, in JSON; CSV is whole")
    ] = 20_000,
    format: Annotated[Literal["json", "csv"] | None, Query(description="else by Accept; json")] = None,  # noqa: A002
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Every change of every interest's price: a price stands until the next one."""
    window = Window(
        since=BEGIN if since is None else to_ms(since),
        until=END if until is None else to_ms(until),
        market=market,
        source=source,
        labels=frozenset(label),
        limit=limit,
    )
    if format == "csv" or (format is None and CSV in accept):
        answer = await desk.text(
            request, CSV, lambda reading: odds_csv(reading, race_id, replace(window, limit=None)), of_race(race_id)
        )
        answer.headers["Content-Disposition"] = f'attachment; filename="race-{race_id}-odds.csv"'
    else:
        answer = await desk.text(
            request, "application/json", lambda reading: odds_json(reading, race_id, window), of_race(race_id)
        )
    answer.headers["Vary"] += ", Accept"
    return answer
