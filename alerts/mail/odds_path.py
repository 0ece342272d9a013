"""The way that a price took up to an alert, for the bars of a text and for a picture."""

import math
from bisect import bisect_right
from dataclasses import dataclass

from alerts.wording.detail import Detail
from horses_scrapy.items import Notation
from horses_scrapy.odds import show

SPAN = 60
"""Minutes before the alert; what a price was longer ago squeezes the part that matters."""
BARS = "▁▂▃▄▅▆▇█"
MOST_BARS = 12
_FLAT = 3


@dataclass(frozen=True, slots=True)
class OddsPath:
    """Prices in thousandths by instant, oldest first, two at least, and the shortest and longest of them.

    to_post: minutes at the last of them, None if unknown.
    """

    points: tuple[tuple[int, int], ...]
    low: int
    high: int
    notation: Notation
    to_post: int | None

    @property
    def start(self) -> int:
        return self.points[0][0]

    @property
    def end(self) -> int:
        return self.points[-1][0]

    @property
    def minutes(self) -> float:
        return (self.end - self.start) / 60_000

    @property
    def first(self) -> str:
        return show(self.points[0][1], self.notation)

    @property
    def last(self) -> str:
        return show(self.points[-1][1], self.notation)

    @property
    def text(self) -> str:
        """`6-1 █▆▅▃▁ 3-1 in 12 min`: a high bar is a long price."""
        return f"{self.first} {bars(self)} {self.last} in {max(1, round(self.minutes))} min"

    @property
    def in_words(self) -> str:
        """For whoever sees no picture."""
        between = f"between {show(self.low, self.notation)} and {show(self.high, self.notation)}"
        return f"from {self.first} to {self.last} in {max(1, round(self.minutes))} min, {between}"

    def height(self, price: int) -> float:
        """0 at the shortest price of the path, 1 at the longest: by ratio, for 40-1 to 20-1 is no more than 4-1 to 2-1."""
        return 0.5 if self.low == self.high else math.log(price / self.low) / math.log(self.high / self.low)


def path_of(detail: Detail) -> OddsPath | None:
    """The last hour of it; None where the alert is about no single price, or one board is all there was."""
    if detail.notation is None or not detail.path:
        return None
    since = detail.path[-1][0] - SPAN * 60_000
    inside = tuple((at, price) for at, price in detail.path if at > since)
    before = detail.path[: len(detail.path) - len(inside)]
    points = ((since, before[-1][1]), *inside) if before else inside
    if points[-1][0] == points[0][0]:
        return None
    prices = [price for _, price in points]
    return OddsPath(points, min(prices), max(prices), detail.notation, detail.minutes)


def bars(path: OddsPath) -> str:
    """One bar for each of up to twelve instants, evenly from the first to the last."""
    many = min(MOST_BARS, len(path.points))
    instants = [at for at, _ in path.points]
    seen = [path.start + (path.end - path.start) * step // (many - 1) for step in range(many)]
    prices = [path.points[bisect_right(instants, at) - 1][1] for at in seen]
    if len(set(prices)) == 1:
        return BARS[_FLAT] * many
    return "".join(BARS[round(path.height(price) * (len(BARS) - 1))] for price in prices)
