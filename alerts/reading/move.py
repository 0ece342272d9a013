"""Readings of moves: a price against an earlier one. Nothing is compared across a scratch, nor with a capped price. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.history import Glimpse
from alerts.reading.measure import lasting, percent, points_lost
from alerts.reading.price import NO_MORNING_LINE, exact, known, morning_line
from alerts.reading.reading import Reading
from alerts.reading.rows import Rows, within_scope
from alerts.reading.sheet import Sheet, gate, small_pool
from alerts.rules.price import Ago, MoveRule, SteamRule

NOTHING_EARLIER = "no earlier price to compare with"


def moves(rule: MoveRule, sheet: Sheet) -> Iterator[Reading]:
    limits = (rule.bands, rule.rearm, rule.step, rule.for_) if rule.bands else ()
    how = (rule.market, rule.sign, rule.measure, rule.points, rule.against, *limits, *_gates(rule))
    return within_scope(rule, sheet, sheet.once(("moves", how), lambda: _moves(rule, sheet)))


def steams(rule: SteamRule, sheet: Sheet) -> Iterator[Reading]:
    how = (rule.market, rule.minutes, *_gates(rule))
    return within_scope(rule, sheet, sheet.once(("steams", how), lambda: _steams(rule, sheet)))


def _gates(rule: MoveRule | SteamRule) -> tuple[object, ...]:
    return rule.minutes_to_post, rule.min_pool, rule.pool


def _moves(rule: MoveRule, sheet: Sheet) -> Rows:
    priced, unread = exact(sheet, rule.market)
    note, boards = _earlier(rule, sheet)
    readings: list[Reading] = []
    for label, price in priced:
        reference = _reference(rule, sheet, boards, label)
        if isinstance(reference, str):
            unread.append(((label,), reference))
            continue
        reading = _move(rule, label, Reference(reference, note), price)
        if reading is None:
            unread.append(((label,), "no band holds the price that it moved from"))
        else:
            readings.append(reading)
    return Rows(readings, unread)


@dataclass(frozen=True, slots=True)
class Reference:
    """A price that a move is measured from, and how the message puts it."""

    price: int
    note: str


def _reference(rule: MoveRule, sheet: Sheet, boards: Sequence[Glimpse], label: str) -> int | str:
    """The price, or why there is none."""
    if rule.against == "morning_line":
        line = morning_line(sheet, label)
        return NO_MORNING_LINE if line is None else line
    for earlier in boards:
        price = known(earlier, rule.market, label)
        if price is not None:
            return price
    return NOTHING_EARLIER


def _earlier(rule: MoveRule, sheet: Sheet) -> tuple[str, Sequence[Glimpse]]:
    """How the message names the reference, and the boards that may have it, the first choice first."""
    if rule.against == "morning_line":
        return "from the morning line", ()
    if isinstance(rule.against, Ago):
        return _ago(rule, rule.against, sheet)
    read, rebased = sheet.once(("boards read", _gates(rule)), lambda: _boards_read(rule, sheet))
    if rule.against == "previous":
        return "from the last board", read[::-1]
    return "since a scratch" if rebased else "from the open", read


def _boards_read(rule: MoveRule, sheet: Sheet) -> tuple[Sequence[Glimpse], bool]:
    """Boards of the same field that the rule's gates let through, oldest first; whether older ones were left behind."""
    field = sheet.same_field
    before = sheet.history.boards[: len(sheet.history.boards) - len(field)]
    read = [earlier for earlier in field if gate(rule, earlier) is None]
    return read, any(gate(rule, earlier) is None for earlier in before)


def _ago(rule: MoveRule, ago: Ago, sheet: Sheet) -> tuple[str, Sequence[Glimpse]]:
    """Its window is not asked of the earlier board: a rule that looks only at the last two minutes compares with before."""
    until = sheet.here.fetched_at - round(ago.minutes * 60_000)
    old = next((earlier for earlier in reversed(sheet.same_field) if earlier.fetched_at <= until), None)
    if old is None or small_pool(rule, old):
        return "", ()
    return f"in {lasting(sheet.here.fetched_at - old.fetched_at)}", (old,)


def _move(rule: MoveRule, label: str, reference: Reference, price: int) -> Reading | None:
    """None where no band of the rule holds the reference."""
    limit = rule.limit_at(reference.price) if rule.bands else None
    if rule.bands and limit is None:
        return None
    points = rule.sign * points_lost(reference.price, price)
    by_percent = rule.measure == "percent"
    return Reading(
        subject=label,
        labels=(label,),
        value=rule.sign * percent(reference.price, price) if by_percent else points,
        now=price,
        before=reference.price,
        confirmed=not by_percent or rule.points is None or points >= rule.points,
        limit=limit,
        note=reference.note,
    )


def _steams(rule: SteamRule, sheet: Sheet) -> Rows:
    """From the longest price of the last minutes: the largest rise of the chance to win."""
    since = sheet.here.fetched_at - round(rule.minutes * 60_000)
    field = [earlier for earlier in sheet.same_field if earlier.fetched_at >= since and not small_pool(rule, earlier)]
    priced, unread = exact(sheet, rule.market)
    readings: list[Reading] = []
    for label, price in priced:
        seen = [(known(earlier, rule.market, label), earlier.fetched_at) for earlier in field]
        found = max(((at_price, at) for at_price, at in seen if at_price is not None), default=None)
        if found is None:
            unread.append(((label,), f"no price of the last {rule.minutes:g} min to compare with"))
        else:
            readings.append(_steam(sheet, label, *found, price))
    return Rows(readings, unread)


def _steam(sheet: Sheet, label: str, reference: int, at: int, price: int) -> Reading:
    return Reading(
        subject=label,
        labels=(label,),
        value=-points_lost(reference, price),
        now=price,
        before=reference,
        note=f"in {lasting(sheet.here.fetched_at - at)}",
    )
