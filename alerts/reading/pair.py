"""Readings of pair prices against a level, and what every kind of pair rule asks of a grid. Pure."""

from collections.abc import Iterator

from alerts.reading.reading import Reading
from alerts.reading.rows import Rows, within_scope
from alerts.reading.sheet import Labels, Paid, Sheet
from alerts.rules.pair import PayoutRule
from horses_scrapy.storage.board_view import GridView

CAPPED = "capped: only a floor is shown"
NO_GRID = "the pair prices could not be had"


def levels(rule: PayoutRule, sheet: Sheet) -> Iterator[Reading]:
    """A pay-out at the cap may be any above it: it is above a level that the cap passes, and below none."""
    paid = sheet.once(("paid", rule.bet_type, rule.base), lambda: _all(rule, sheet))
    if rule.above or isinstance(paid, str):
        return within_scope(rule, sheet, paid)
    return within_scope(rule, sheet, sheet.once(("exact", rule.bet_type, rule.base), lambda: _exact(paid)))


def _all(rule: PayoutRule, sheet: Sheet) -> Rows | str:
    grid = grid_of(sheet, rule.bet_type)
    if isinstance(grid, str):
        return grid
    earlier = sheet.earlier_payouts(rule.bet_type, rule.base)
    paid = sheet.payouts(rule.bet_type, rule.base)
    return Rows([_reading(labels, one, exact(earlier.get(labels))) for labels, one in paid.items()])


def _exact(paid: Rows) -> Rows:
    """Without the floors."""
    floors = [(reading.labels, CAPPED) for reading in paid.readings if reading.capped]
    return Rows([reading for reading in paid.readings if not reading.capped], floors)


def _reading(labels: Labels, paid: Paid, before: int | None) -> Reading:
    return Reading(
        subject="-".join(labels), labels=labels, value=paid.amount, now=paid.amount, before=before, capped=paid.capped
    )


def exact(paid: Paid | None) -> int | None:
    """A pay-out that can be compared with; None for one at the cap."""
    return None if paid is None or paid.capped else paid.amount


def grid_of(sheet: Sheet, bet_type: str) -> GridView | str:
    """Or why there is none to read."""
    if "no_pairs" in sheet.board.flags:
        return NO_GRID
    return sheet.board.grids.get(bet_type, f"no {bet_type} prices are shown")


def grid_beside_prices(sheet: Sheet) -> GridView | str:
    """The exacta grid where it is of the same time as the win pool beside it: an old one would differ by its age alone."""
    grid = grid_of(sheet, "exacta")
    if isinstance(grid, str):
        return grid
    age = sheet.board.fetched_at - grid.fetched_at
    return grid if age <= sheet.stale_after_ms else f"the pair prices have stood still for {age // 60_000} min"
