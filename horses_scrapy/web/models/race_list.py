"""What a list shows of a race."""

from datetime import datetime
from typing import Literal

from horses_scrapy.items import Market, RaceType, Surface
from horses_scrapy.web.models.base import Answer, BoardStamp, Freshness, Odds, Page, RaceName


class Favourite(Answer):
    """The lowest price that the primary source shows; among equals the first in program order.

    `programs` and `horse`: of all horses of a coupled entry. An estimate until the race is official.
    """

    label: str
    programs: list[str]
    horse: str
    market: Market
    odds: Odds


class Mover(Favourite):
    """The price that moved most in the `seconds` up to the newest board, by points.

    points: change of 100 / decimal, not normalised; above 0 the price shortened. `before`: when those seconds began.
    """

    before: Odds
    points: float
    seconds: int


class RaceLine(RaceName):
    """A race in a list.

    expected_post: the card's post time; where the newest board's own minutes to post differ by more than one from it,
    what those say (expected_by). Races wait for money: the board knows that first. minutes_to_post: whole minutes from
    now to it, rounded down; 0 while the race is overdue; None where no post is to come, or nothing is known.
    board: the newest of the primary source, and `favourite` its. freshness: of the race's track. mover: only of a race
    that is open, with a board that is not older than the mover's seconds. runners: not scratched. alerts: so far.
    """

    minutes_to_post: int | None
    expected_post: datetime | None
    expected_by: Literal["board", "card"] | None
    board: BoardStamp | None
    freshness: Freshness
    surface: Surface | None
    race_type: RaceType | None
    runners: int
    favourite: Favourite | None
    mover: Mover | None
    alerts: int


class RaceList(Answer):
    """By post time, then track and number; races without a post time last."""

    races: list[RaceLine]
    page: Page
