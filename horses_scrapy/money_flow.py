"""How much money came for each interest between two boards, scratches netted. Pure; money in minor units.

A scratched interest's money is taken out of every reading, before its refund and after: a refund is nobody's outflow. What
a source takes back otherwise (a correction, cancelled tickets) is a negative growth, and is told as such.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import pairwise

from horses_scrapy.parimutuel import normalised_probabilities


@dataclass(frozen=True, slots=True)
class PoolReading:
    """What a pool held at an instant (epoch milliseconds). total: None where only interests were shown.

    An interest that is absent has what the reading before said, and nothing before the first one.
    """

    at: int
    total: int | None
    amounts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """What one interest, or the whole pool, held at the first edge, and by how much it grew in each interval."""

    opening: int
    growth: Sequence[int]

    @property
    def closing(self) -> int:
        return self.opening + sum(self.growth)


@dataclass(frozen=True, slots=True)
class Flow:
    """total: of the interests that run; where none are shown, the pool's own. netted: the most that each scratched one held."""

    total: Line
    interests: Mapping[str, Line]
    netted: Mapping[str, int]


def flow(readings: Iterable[PoolReading], out: AbstractSet[str], edges: Sequence[int]) -> Flow:
    """Between `edges` (ascending, at least two). What was there at the first edge, or else at the first reading, is opening.

    Where interests are shown, readings that tell the total alone are left out. Raises ValueError where there is no reading
    or edges do not ascend.
    """
    if len(edges) < 2 or any(first >= second for first, second in pairwise(edges)):
        raise ValueError(f"edges {list(edges)}: two or more that ascend are expected")
    steps = _carried(sorted(readings, key=lambda one: one.at))
    if not steps:
        raise ValueError("no reading, no flow")
    at = [_step_at(steps, edge) for edge in edges]
    labels = dict.fromkeys(label for step in steps for label in step.amounts)
    interests = {label: _line([step.amounts.get(label, 0) for step in at]) for label in labels if label not in out}
    held = [sum(step.amounts.get(label, 0) for label in interests) if labels else step.total or 0 for step in at]
    netted = {label: max(step.amounts.get(label, 0) for step in steps) for label in labels if label in out}
    return Flow(_line(held), interests, netted)


def _carried(ordered: Sequence[PoolReading]) -> list[PoolReading]:
    """Each with all amounts that were known by then."""
    shown = [one for one in ordered if one.amounts] or [one for one in ordered if one.total is not None]
    known: dict[str, int] = {}
    steps = []
    for one in shown:
        known = {**known, **one.amounts}
        steps.append(PoolReading(one.at, one.total, known))
    return steps


def _step_at(steps: Sequence[PoolReading], edge: int) -> PoolReading:
    """The newest at or before an instant; the first one before it began."""
    return steps[max(0, bisect_right(steps, edge, key=lambda one: one.at) - 1)]


def _line(held: Sequence[int]) -> Line:
    return Line(held[0], [after - before for before, after in pairwise(held)])


def by_prices(total: int, prices: Mapping[str, int]) -> dict[str, int]:
    """A pool's total laid to interests by the share of 1/price (thousandths): an estimate. Nothing where none is priced."""
    if not prices:
        return {}
    return {label: round(total * share) for label, share in normalised_probabilities(prices).items()}


def intervals(first: int, last: int, length: int, anchor: int, most: int) -> list[int]:
    """Edges around `first` and `last` at multiples of `length` from `anchor`; those of the last `most` intervals."""
    start = anchor + (first - anchor) // length * length
    end = max(anchor - (anchor - last) // length * length, start + length)
    return list(range(max(start, end - most * length), end + 1, length))
