"""PMU's pair prices: /rapports/E_COUPLE_ORDRE (exacta) or /rapports/E_COUPLE_GAGNANT (quinella), without E_ on the course.

{rapportsParticipant: [{numerosParticipant: [first, second], rapportDirect}]}, decimal odds for 1 euro. Never recorded:
written for the form that public readers of the API agree on. What names the race in an answer is checked where present.
"""

from typing import Literal

from scrapy.http import Response

from horses_scrapy.errors import ConfigError, ParseError
from horses_scrapy.items import OddsItem, PairGrid
from horses_scrapy.sources.json_body import Json, read_json
from horses_scrapy.sources.pairs import PairForm, pair_grid
from horses_scrapy.sources.pmu_names import CURRENCY, EXACTA_BETS, QUINELLA_BETS, UNIT
from horses_scrapy.sources.pmu_programme import Course
from horses_scrapy.track_spider import Visit

BETS: dict[str, tuple[str, ...]] = {
    "exacta": EXACTA_BETS + QUINELLA_BETS,
    "quinella": QUINELLA_BETS + EXACTA_BETS,
}
"""By the option `pairs`: the bets in the order in which they are wanted; one of them is asked for at each poll."""


def preferred_bets(option: str) -> tuple[str, ...]:
    if option not in BETS:
        raise ConfigError(f"tracks.yaml: options: pairs={option}: one of {', '.join(BETS)} is expected")
    return BETS[option]


def pair_bet(course: Course, preferred: tuple[str, ...]) -> str | None:
    """The bet whose pairs to ask for: one that the programme has, and sells as long as the race is not off."""
    off = course.race.status == "closed"
    offered = {bet for bet, on_sale in course.bets if on_sale or off}
    if course.race.status not in {"open", "closed"}:
        return None
    return next((bet for bet in preferred if bet in offered), None)


def parse_pairs(response: Response, visit: Visit, course: Course, bet: str, board: OddsItem) -> PairGrid:
    """The grid without pairs of a withdrawn horse. A number that is not on the board is a ParseError."""
    answer = read_json(response)
    _identify(answer, course, bet)
    bet_type: Literal["exacta", "quinella"] = "exacta" if bet in EXACTA_BETS else "quinella"
    form = PairForm(bet_type, UNIT)
    out = {price.label for price in board.prices if price.status == "scratched"}
    runners = {price.label for price in board.prices}
    cells: dict[tuple[str, str], int | None] = {}
    for line in answer["rapportsParticipant"].elements():
        first, second = _pair(line["numerosParticipant"], runners)
        payout = None if {first, second} & out else _payout(line)
        if cells.setdefault((first, second), payout) != payout:
            raise ParseError(f"{line.path}: {first}-{second} pays {payout} here and {cells[first, second]} before")
    where = f"{response.url}: rapportsParticipant"
    return pair_grid(form, cells, currency=CURRENCY, fetched_at=visit.fetched_at, where=where)


def _identify(answer: Json, course: Course, bet: str) -> None:
    meeting, _, number = course.race.source_key.partition("/")
    expected = {"numeroReunion": int(meeting[1:]), "numeroCourse": int(number[1:]), "typePari": bet}
    for field, value in expected.items():
        node = answer.get(field)
        if node is not None and node.value != value:
            raise ParseError(f"{field}: {value} was asked for, not {node.value}")


def _pair(node: Json, runners: set[str]) -> tuple[str, str]:
    numbers = [str(number.whole()) for number in node.elements()]
    if len(numbers) != 2 or numbers[0] == numbers[1] or not set(numbers) <= runners:
        raise ParseError(f"{node.path}: two different runners of the race are expected, not {numbers}")
    return numbers[0], numbers[1]


def _payout(line: Json) -> int | None:
    """Cents for 1 euro; None while nothing is bet on the pair. A range without a direct price is no price."""
    direct = line.get("rapportDirect")
    price = direct.quote().price if direct is not None else None
    if price is not None and price % 10:
        raise ParseError(f"{line.path}.rapportDirect: whole cents are expected")
    return None if price is None else price // 10
