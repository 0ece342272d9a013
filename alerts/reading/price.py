"""Readings of prices: against a level, against somebody's line. Pure."""

from collections.abc import Iterator

from alerts.history import Glimpse
from alerts.reading.measure import percent
from alerts.reading.reading import Reading
from alerts.reading.rows import Rows, within_scope
from alerts.reading.sheet import Labels, Sheet
from alerts.rules.price import OverlayRule, WinRule
from horses_scrapy.items import OUT, Market

FLOOR = "capped: only a floor is shown"
NO_MORNING_LINE = "no morning line"
CAPPED = 100_000
"""A board's 99, in thousandths: as a morning line it means 99 or more."""

Unread = tuple[Labels, str]


def levels(rule: WinRule, sheet: Sheet) -> Iterator[Reading]:
    market, above = rule.market, rule.above
    rows = sheet.once(("levels", market, above), lambda: _levels(sheet, market, above=above))
    return within_scope(rule, sheet, rows)


def _levels(sheet: Sheet, market: Market, *, above: bool) -> Rows:
    """What is capped stands for this or more: it can be above a level and not below one."""
    readings: list[Reading] = []
    unread: list[Unread] = []
    for label, shown, price in sheet.quoted(market):
        capped = shown.status == "capped"
        if capped and not above:
            unread.append(((label,), FLOOR))
        else:
            last = sheet.before(market, label)
            readings.append(Reading(subject=label, labels=(label,), value=price, now=price, before=last, capped=capped))
    return Rows(readings, unread)


def overlays(rule: OverlayRule, sheet: Sheet) -> Iterator[Reading]:
    """A displayed price is a floor: the overlay is at least so much."""
    market, own = rule.market, rule.kind == "overlay_vs_line"
    rows = sheet.once(("overlays", market, own), lambda: _overlays(sheet, market, own=own))
    return within_scope(rule, sheet, rows)


def _overlays(sheet: Sheet, market: Market, *, own: bool) -> Rows:
    priced, unread = exact(sheet, market)
    readings: list[Reading] = []
    for label, price in priced:
        line = sheet.history.lines.get(label) if own else morning_line(sheet, label)
        if line is None:
            unread.append(((label,), "no line of yours" if own else NO_MORNING_LINE))
        else:
            readings.append(
                Reading(
                    subject=label,
                    labels=(label,),
                    value=percent(line, price),
                    now=price,
                    before=sheet.before(market, label),
                    against=line,
                )
            )
    return Rows(readings, unread)


def morning_line(sheet: Sheet, label: str) -> int | None:
    """Of the interest's first horse that runs; a scratch does not rebase it: no refund is in a person's line."""
    runs = (one for one in sheet.board.runners if one.label == label and one.status not in OUT)
    first = next(runs, None)
    line = None if first is None else first.morning_line
    return line if line is not None and 1000 < line < CAPPED else None


def exact(sheet: Sheet, market: Market) -> tuple[list[tuple[str, int]], list[Unread]]:
    """Interests with a price that can be compared, and those with a capped one, which cannot."""
    quoted = sheet.quoted(market)
    priced = [(label, price) for label, shown, price in quoted if shown.status == "active"]
    return priced, [((label,), FLOOR) for label, shown, _ in quoted if shown.status != "active"]


def known(earlier: Glimpse, market: Market, label: str) -> int | None:
    """A price that another can be compared with: no floor, and above the stake alone."""
    shown = earlier.prices.get((market, label))
    if shown is None or shown.status != "active" or shown.price is None or shown.price <= 1000:
        return None
    return shown.price
