"""Readings of prices: against a level, against an earlier price, against somebody's line. Pure."""

from collections.abc import Iterator

from alerts.history import Glimpse
from alerts.reading.reading import Reading
from alerts.reading.sheet import Sheet, gate
from alerts.rules.price import MoveRule, WinRule


def levels(rule: WinRule, sheet: Sheet) -> Iterator[Reading]:
    for label, shown, price in sheet.quoted(rule.market):
        capped = shown.status == "capped"
        if capped and not rule.above:
            sheet.skip(rule, label, "capped: only a floor is shown")
        elif sheet.wants(rule, (label,)):
            last = sheet.before(rule.market, label)
            yield Reading(subject=label, labels=(label,), value=price, now=price, before=last, capped=capped)


def moves(rule: MoveRule, sheet: Sheet) -> Iterator[Reading]:
    for label, shown, price in sheet.quoted(rule.market):
        reference = reference_of(rule, sheet.same_field, label) if shown.status == "active" else None
        if reference is not None and sheet.wants(rule, (label,)):
            yield _move(rule, label, reference, price)


def reference_of(rule: MoveRule, field: list[Glimpse], label: str) -> int | None:
    """The price that a move is measured from; never a capped one, of which only the floor is known."""
    for earlier in field if rule.against == "open" else reversed(field):
        shown = earlier.prices.get((rule.market, label))
        if shown is not None and shown.status == "active" and shown.price is not None and gate(rule, earlier) is None:
            return shown.price
    return None


def _move(rule: MoveRule, label: str, reference: int, price: int) -> Reading:
    percent, points = percent_drop(reference, price), points_gained(reference, price)
    enough = points >= rule.points if rule.percent is not None and rule.points is not None else True
    value = percent if rule.measure == "percent" else points
    return Reading(subject=label, labels=(label,), value=value, now=price, before=reference, confirmed=enough)


def percent_drop(reference: int, price: int) -> int:
    """By how much the profit per 1 fell, in thousandths of a percent, rounded down."""
    return (reference - price) * 100_000 // (reference - 1000)


def points_gained(reference: int, price: int) -> int:
    """By how much 100/decimal rose, in thousandths of a point, rounded down."""
    return (reference - price) * 100_000_000 // (price * reference)
