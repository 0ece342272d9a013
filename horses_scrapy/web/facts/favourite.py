"""A race's favourite and what moved most. Pure."""

from collections.abc import Iterable
from typing import TypeVar

from horses_scrapy import odds
from horses_scrapy.items import Notation
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.race_lines import Moved, Quoted
from horses_scrapy.web.facts.choice import TO_WIN
from horses_scrapy.web.facts.moves import WINDOW_MS
from horses_scrapy.web.models.base import Odds
from horses_scrapy.web.models.race_list import Favourite, Mover

Some = TypeVar("Some", bound=Quoted)


def of_first_market(found: Iterable[Some]) -> dict[int, Some]:
    """By race, the first of its first market, which is the race's. found: of each race and market, equal ones in program order."""
    chosen: dict[int, Some] = {}
    for one in sorted(found, key=lambda one: TO_WIN.index(one.market)):
        chosen.setdefault(one.race_id, one)
    return chosen


def points(one: Moved) -> float:
    """Above 0 it shortened."""
    return 100 * (odds.probability(one.price) - odds.probability(one.before))


def told(one: Quoted, notation: Notation) -> Favourite:
    return Favourite(
        label=one.label,
        programs=list(one.programs),
        horse=" / ".join(one.horses),
        market=one.market,
        odds=Odds.of(one.shown, notation),
    )


def move_told(one: Moved, notation: Notation) -> Mover:
    return Mover(
        label=one.label,
        programs=list(one.programs),
        horse=" / ".join(one.horses),
        market=one.market,
        odds=Odds.of(one.shown, notation),
        before=Odds.of(Shown(one.before, "active"), notation),
        points=round(points(one), 2),
        seconds=WINDOW_MS // 1000,
    )
