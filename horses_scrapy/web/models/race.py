"""One race: its card, what its sources show, how prices moved, and how it ended."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from horses_scrapy.items import Basis, EntryStatus, Market, Notation, PriceStatus, RaceType, Surface
from horses_scrapy.web.models.base import Answer, BoardStamp, Freshness, Odds, RaceName


class SourceOfRace(Answer):
    """Who tells of the race. board: its newest; None where it has told but the card.

    notation: how it prints odds (board: profit per 1). basis: display (a price is the floor of a range) or pool (exact).
    """

    name: str
    is_primary: bool
    url: str
    notation: Notation
    basis: Basis
    board: BoardStamp | None


class Change(Answer):
    """From the price `before`, which stood at `since`, to the newest one.

    points: 100 x the change of 1/decimal; above 0 the price is shorter: money came. across_scratch: an interest went out in
    between, and its refunded money alone makes all others shorter.
    """

    points: float
    before: Odds
    since: datetime
    across_scratch: bool


class Runner(Answer):
    """One horse, and what is bet on its betting interest.

    coupled_with: the program number that stands for the interest where several horses share it (1 for 1A), None on that one
    itself: whatever is added up, leave the others out. horse: None where a board names an interest that is not on the card.
    odds: in the market shown. others: the same source's other markets. elsewhere: other sources' price to win, by source.
    probability: to win, see RaceCard.told_by. pool_amount: in the win pool, in whole units of the pool's currency; pool_share
    of what is on all interests. open: the first price. last_5_min: before the newest board. spark: decimal prices at up to
    24 instants, evenly from the first to the newest; where none stood, the one before.
    """

    program_number: str
    label: str
    coupled_with: str | None
    horse: str | None
    status: EntryStatus
    jockey: str | None
    trainer: str | None
    post_position: str | None
    morning_line: Odds | None
    odds: Odds | None
    others: dict[Market, Odds]
    elsewhere: dict[str, Odds]
    probability: float | None = Field(ge=0, le=1)
    pool_amount: float | None
    pool_share: float | None
    open: Odds | None
    since_open: Change | None
    last_5_min: Change | None
    spark: list[float]

    @property
    def out(self) -> bool:
        return self.status in {"scratched", "late_scratch"} or (
            self.odds is not None and self.odds.status == "scratched"
        )


class PoolTotal(Answer):
    """total: in whole units of `currency`; None where the source shows but what is on each interest."""

    bet_type: str
    total: float | None
    currency: str


class TakeoutRate(Answer):
    """What a pool keeps, as a share. assumed: nobody has verified it."""

    bet_type: str
    rate: float
    assumed: bool


class Finish(Answer):
    """A dead heat repeats the position."""

    position: int
    program_number: str
    horse: str


class Payout(Answer):
    """What a winning bet of `base` was paid, both in whole units. combination: program numbers joined with `-`."""

    bet_type: str
    combination: str
    base: float
    payout: float
    currency: str


class Result(Answer):
    """As the primary source has it; by position, pay-outs by bet type."""

    finishers: list[Finish]
    payoffs: list[Payout]


class RaceCard(RaceName):
    """market: the one shown, of `source`: win_tote, else win_fixed, else win_back; None before any price.

    board: the newest of `source`. told_by: what probabilities are of: the win pool's money, prices that it gave, or a
    display's floors of prices; told_not: why there are none. will_pays: of bets over several races; exact, no estimate.
    estimate: the race is not official, and odds, shares and probabilities may still change.
    """

    race_type: RaceType | None
    surface: Surface | None
    off_at: datetime | None
    official_at: datetime | None
    sources: list[SourceOfRace]
    source: str | None
    market: Market | None
    board: BoardStamp | None
    freshness: Freshness
    runners: list[Runner]
    told_by: Literal["money", "prices", "display"] | None
    told_not: str | None
    pools: list[PoolTotal]
    takeouts: list[TakeoutRate]
    result: Result | None
    will_pays: list[Payout]
    estimate: bool


class Point(Answer):
    """What stood from `at` on. decimal: None where nothing was quoted; text: as the source prints it."""

    at: datetime
    decimal: float | None
    text: str
    status: PriceStatus


class Series(Answer):
    """One interest at one source. The first point is what stood at `since`, if anything did, with its own, earlier instant.

    horses: of the interest, joined with ` / `. A price stands until the next point, the last one until `looked_at`: the source's newest
    board in the window.
    """

    label: str
    horses: str
    source: str
    looked_at: datetime | None
    points: list[Point]


class OddsHistory(Answer):
    """since, until: the window, as asked for. next: the path of the part after it where `limit` cut it short, else None."""

    race_id: int
    market: Market
    since: datetime | None
    until: datetime | None
    series: list[Series]
    next: str | None
    estimate: bool
