"""The exacta matrix: what every pair pays, beside what it should. Shares are of 1."""

from datetime import datetime
from typing import Literal

from alerts.reading.chances import Told
from horses_scrapy.web.models.base import Answer, BoardStamp, RaceName

HEAT = (0.03, 0.10, 0.20, 0.40)
"""Shares over or under the fair price at which a cell's colour steps."""


class ExactaLabel(Answer):
    """A betting interest. `horse`: joined by ` / ` for a coupled entry. chance: to win; floor: it is at most that."""

    label: str
    horse: str
    scratched: bool
    chance: float | None
    floor: bool


class ExactaCell(Answer):
    """What a bet of the matrix's base on `first` to win and `second` to be second would pay, in units of its currency.

    capped: the source prints "this or more". fair: what it should pay after takeout; overlay: payout / fair - 1. `note`
    says why there is no overlay where only this cell has none.
    """

    first: str
    second: str
    payout: float
    capped: bool
    fair: float | None = None
    overlay: float | None = None
    note: str | None = None

    @property
    def heat(self) -> int:
        """-4 (pays far too little) to 4 (far too much)."""
        if self.overlay is None:
            return 0
        steps = sum(abs(self.overlay) >= step for step in HEAT)
        return steps if self.overlay > 0 else -steps


class PoolTakeout(Answer):
    """What the exacta pool keeps. assumed: nobody has verified it."""

    rate: float
    assumed: bool


class FairModel(Answer):
    """P(second | first) ~ p^gamma; 1 is Harville's."""

    name: str
    gamma: float


class ExactaMatrix(Answer):
    """Probable pay-outs of the exacta as one board shows them: estimates until the race is official.

    Row: the winner (`first`); column: the second. `base` is the bet that pay-outs are for, in whole units; `cap` the
    pay-out that stands for "this or more". at: the instant that was asked for. grid_at: when the pair prices came; board:
    the board beside them, that the chances are of. chances_by: the win pool's money, its prices, or a display's floors of
    prices. implied_takeout: what the pay-outs themselves say, where all pairs are known. reason: why there are no cells, or
    no fair prices.
    """

    race: RaceName
    source: str | None
    at: datetime
    rows: Literal["first"] = "first"
    columns: Literal["second"] = "second"
    board: BoardStamp | None
    grid_at: datetime | None
    base: float | None
    currency: str | None
    cap: float | None
    labels: list[ExactaLabel]
    cells: list[ExactaCell]
    takeout: PoolTakeout | None
    implied_takeout: float | None
    model: FairModel
    chances_by: Told | None
    reason: str | None
    estimate: Literal[True] = True
