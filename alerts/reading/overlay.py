"""Readings of exactas against the fair price after takeout. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alerts.amounts import hundredths
from alerts.history import Takeout
from alerts.reading.chances import Chances, win_chances
from alerts.reading.pair import CAPPED, exact, grid_beside_prices
from alerts.reading.reading import Reading
from alerts.reading.rows import Rows, within_scope
from alerts.reading.sheet import Labels, Paid, Sheet
from alerts.rules.pair import ExactaOverlayRule
from horses_scrapy.fair_exacta import exacta_chances, fair_payout


@dataclass(frozen=True, slots=True)
class Fair:
    """What pairs should pay for `base` (hundredths of a unit both), after takeout, by the win chances."""

    payouts: Mapping[Labels, float]
    base: int
    takeout: Takeout
    chances: Chances


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayReading(Reading):
    """`now` is the pay-out for the grid's own base."""

    fair: Fair


def overlays(rule: ExactaOverlayRule, sheet: Sheet) -> Iterator[Reading]:
    return within_scope(rule, sheet, sheet.once(("overlay", rule.gamma), lambda: _rows(sheet, rule.gamma)))


def _rows(sheet: Sheet, gamma: float) -> Rows | str:
    fair = fair_pairs(sheet, gamma)
    if isinstance(fair, str):
        return fair
    earlier = sheet.earlier_payouts("exacta", fair.base)
    readings, unread = [], []
    for labels, paid in sheet.payouts("exacta", fair.base).items():
        floor = floor_of(paid, labels, fair.chances)
        if floor is None:
            readings.append(_reading(labels, paid, exact(earlier.get(labels)), fair))
        else:
            unread.append((labels, floor))
    return Rows(readings, unread)


def _reading(labels: Labels, paid: Paid, before: int | None, fair: Fair) -> OverlayReading:
    value = over(paid.amount, fair.payouts[labels])
    return OverlayReading(
        subject="-".join(labels), labels=labels, value=value, now=paid.amount, before=before, fair=fair
    )


def floor_of(paid: Paid, labels: Labels, chances: Chances) -> str | None:
    """Why the pair's pay-out or its fair price is not known."""
    if paid.capped:
        return CAPPED
    if chances.floors.isdisjoint(labels):
        return None
    floor = next(label for label in labels if label in chances.floors)
    return f"the win price of #{floor} is capped: only a floor is shown"


def fair_pairs(sheet: Sheet, gamma: float) -> Fair | str:
    """Or why there are none."""
    grid, chances, takeout = grid_beside_prices(sheet), chances_of(sheet), sheet.history.takeouts.get("exacta")
    if isinstance(grid, str):
        return grid
    if isinstance(chances, str):
        return chances
    if takeout is None:
        return "no takeout of the exacta pool is given"
    base = hundredths(grid.base, grid.currency)
    pairs = exacta_chances(chances.of, gamma)
    return Fair({pair: fair_payout(of, base, takeout.rate) for pair, of in pairs.items()}, base, takeout, chances)


def chances_of(sheet: Sheet) -> Chances | str:
    return sheet.once("chances", lambda: win_chances(sheet.board, sheet.here.scratched))


def over(value: float, other: float) -> int:
    """By how much one exceeds the other, in thousandths of a percent of the other."""
    return round((value / other - 1) * 100_000)
