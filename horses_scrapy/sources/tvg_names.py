"""The words of FanDuel Racing (TVG), its odds and its answers' envelope."""

from scrapy.http import Response

from horses_scrapy import odds
from horses_scrapy.errors import ParseError, UnknownOdds
from horses_scrapy.items import BetType, LegBetType, PoolType, RaceStatus, RaceType, Source
from horses_scrapy.sources.json_body import Json, read_json

SOURCE = Source("tvg", "board", "display")
STRAIGHT: dict[str, PoolType] = {"WN": "win", "PL": "place", "SH": "show"}
"""Pools of which the amount on each interest is told, too."""
POOLS: dict[str, PoolType] = {
    **STRAIGHT, "EX": "exacta", "QN": "quinella", "TR": "trifecta", "SU": "superfecta",
}  # fmt: skip
PAYOFFS: dict[str, BetType] = {
    "WN": "win", "PL": "place", "SH": "show", "EX": "exacta", "QN": "quinella", "TR": "trifecta", "SU": "superfecta",
}  # fmt: skip
LEGS: dict[str, LegBetType] = {
    "DB": "daily_double", "P3": "pick_3", "P4": "pick_4", "P5": "pick_5", "P6": "pick_6",
}  # fmt: skip
RACE_TYPES: dict[str, RaceType | None] = {"T": "gallops", "H": "harness"}
STATUSES: dict[str, RaceStatus] = {
    "O": "open", "MO": "closed", "IC": "closed", "SK": "closed", "RO": "closed", "C": "closed", "D": "closed",
}  # fmt: skip


def data_of(response: Response) -> Json:
    """The `data` of a GraphQL answer. Errors of the service are a ParseError, even where data came along."""
    document = read_json(response)
    errors = document.list_of("errors")
    if errors:
        told = "; ".join(error["message"].text()[:200] for error in errors)
        raise ParseError(f"{response.url}: the service reports {told}")
    return document["data"]


def status_of(race: Json) -> RaceStatus:
    """What a status code and the minutes to post say. Results, which only a board brings, say more.

    No list of the codes is published, and clients that were read disagree on MO. So only O is open; MO is ahead of its post
    while minutes remain and over else; IC (in progress), SK, RO, C and D are over for whoever wants to bet. None of them
    says cancelled or official for certain, so none is taken for it.
    """
    status = race["status"]["code"].one_of(STATUSES)
    minutes = race.get("mtp")
    ahead = minutes is not None and minutes.whole() > 0
    return "scheduled" if ahead and race["status"]["code"].text() == "MO" else status


def quote(fraction: Json | None) -> odds.Quote:
    """`{numerator: 9, denominator: 5}` is 9-5; without a denominator n-1; without a numerator, or with 0, no odds."""
    if fraction is None:
        return odds.NOT_QUOTED
    numerator, denominator = _asked_for(fraction, "numerator"), _asked_for(fraction, "denominator")
    if numerator is None or numerator.whole() == 0:
        return odds.NOT_QUOTED
    shown = str(numerator.whole()) + ("" if denominator is None else f"/{denominator.whole()}")
    try:
        return odds.parse_board(shown)
    except UnknownOdds as error:
        raise ParseError(f"{fraction.path}: {error}") from error


def _asked_for(fraction: Json, part: str) -> Json | None:
    """Null has a meaning here, so a part that is not there at all is none of the service's answers."""
    found = fraction.get(part)
    if found is None and part not in fraction.value:
        raise ParseError(f"{fraction.path}.{part}: missing")
    return found
