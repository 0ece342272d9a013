"""The page of one race: runners, moves, exactas, money, alerts."""

from fastapi import APIRouter, Request, Response

from horses_scrapy.web.api.asked import RaceId, Served, SourceName
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.exacta_table import rows_of
from horses_scrapy.web.facts.alerts import alerts_of_race
from horses_scrapy.web.facts.exacta import exacta_of
from horses_scrapy.web.facts.flow import flow_of
from horses_scrapy.web.facts.one_source import stored_race
from horses_scrapy.web.facts.race import race_card
from horses_scrapy.web.marks import of_race
from horses_scrapy.web.spark import points

router = APIRouter(include_in_schema=False)


@router.get("/races/{race_id}")
async def race(request: Request, desk: Served, race_id: RaceId, source: SourceName = None) -> Response:
    return await desk.page(request, "race.html", lambda reading: _given(reading, race_id, source), of_race(race_id))


def _given(reading: Reading, race_id: int, source: str | None) -> dict[str, object]:
    stored = stored_race(reading, race_id)
    card = race_card(reading, stored, source)
    matrix = exacta_of(reading, stored, card.source)
    return {
        "card": card,
        "sparks": {runner.program_number: points(runner.spark) for runner in card.runners},
        "matrix": matrix,
        "matrix_rows": rows_of(matrix),
        "money_flow": flow_of(reading, stored, card.source),
        "alerts_of_race": alerts_of_race(reading, race_id),
    }
