"""Money that came in between boards. Money in whole units of `currency`, shares of 1."""

from datetime import datetime

from horses_scrapy.items import PoolType
from horses_scrapy.web import flow_chart
from horses_scrapy.web.models.base import Answer, RaceName

SHOWN, IN_FIGURES = 60, 10
"""Intervals that a page draws, and that it also tells in figures: the newest ones."""


def came(units: float) -> str:
    """`+1,234`, with a real minus sign."""
    return "0" if units == 0 else f"{units:+,.0f}".replace("-", "\N{MINUS SIGN}")


class FlowInterval(Answer):
    """minutes: to the scheduled post when it begins, below 0 after it. total: by how much the pool grew."""

    start: datetime
    end: datetime
    minutes: float | None
    total: float


class InterestFlow(Answer):
    """opening: what was on it at the first interval; amount: at the last board; share: of the pool now.

    growth: by interval; shares: its part of each interval's money, null where that is not above 0.
    """

    label: str
    horse: str
    opening: float
    amount: float
    share: float | None
    growth: list[float]
    shares: list[float | None]


class Netted(Answer):
    """A scratched interest, left out from the beginning. amount: the most that was on it."""

    label: str
    horse: str
    amount: float


class MoneyFlow(Answer):
    """How a pool grew, interval by interval, by the boards of one source that nothing speaks against.

    Scratched interests are left out from the beginning, so that a refund is no outflow. A source's corrections are negative
    growth. at: the newest board. opening, amount: of the pool at the first interval and at that board. estimate: the source
    tells no money per interest; the total is laid to them by the share of 1/price. reason: why there is nothing.
    """

    race: RaceName
    source: str | None
    pool: PoolType
    currency: str | None
    at: datetime | None
    off_at: datetime | None
    interval_seconds: int
    opening: float | None
    amount: float | None
    intervals: list[FlowInterval]
    interests: list[InterestFlow]
    netted: list[Netted]
    estimate: bool
    notes: list[str]
    reason: str | None

    def newest(self, most: int = SHOWN) -> list[int]:
        """Places of the intervals that a page shows, oldest first."""
        return list(range(max(0, len(self.intervals) - most), len(self.intervals)))

    def total_bars(self, places: list[int]) -> dict[flow_chart.Kind, str]:
        return flow_chart.drawn(flow_chart.totals([self.intervals[place].total for place in places]), len(places))

    def bars(self, one: InterestFlow, places: list[int]) -> dict[flow_chart.Kind, str]:
        shares, growth = [one.shares[place] for place in places], [one.growth[place] for place in places]
        return flow_chart.drawn(flow_chart.parts(shares, growth, one.share or 0.0), len(places))

    def usual(self, one: InterestFlow) -> float:
        """Height of the line at an interest's part of the pool, in percent from the top."""
        share = one.share or 0.0
        return round(100 - 100 * share / flow_chart.top_of(share), 1)

    def ticks(self, places: list[int]) -> list[flow_chart.Tick]:
        return flow_chart.ticks([self.intervals[place].minutes for place in places])

    def told(self) -> list[tuple[FlowInterval, list[str]]]:
        """The newest intervals in figures, the newest first."""
        return [(self.intervals[place], self.figures(place)) for place in reversed(self.newest(IN_FIGURES))]

    def figures(self, place: int) -> list[str]:
        """What came in an interval: in all, then on each interest."""
        grown = [self.intervals[place].total, *(one.growth[place] for one in self.interests)]
        return [came(one) for one in grown]

    def off_x(self, places: list[int]) -> float | None:
        """Where the race was off; None where that is not shown."""
        shown = [self.intervals[place] for place in places]
        held = [at for at, one in enumerate(shown) if self.off_at is not None and one.start <= self.off_at < one.end]
        return flow_chart.middle(held[0], len(shown)) if held else None
