"""Readings of money: the total of a pool, and what came in on one interest since the board before. Pure."""

from collections.abc import Iterator

from alerts.amounts import hundredths
from alerts.reading.measure import lasting
from alerts.reading.reading import Reading
from alerts.reading.sheet import Sheet
from alerts.rules.race import LargeBetRule, PoolAboveRule
from horses_scrapy.program_number import program_order
from horses_scrapy.storage.board_view import PoolView


def totals(rule: PoolAboveRule, sheet: Sheet) -> Iterator[Reading]:
    """One reading, of the race: a scope of horses asks for a race in which one of them is entered."""
    total = sheet.here.pools.get(rule.bet_type)
    if total is None:
        sheet.skip(rule, "", f"{rule.bet_type} pool not shown")
    elif sheet.wants(rule, tuple({runner.label for runner in sheet.board.runners})):
        known = (earlier.pools.get(rule.bet_type) for earlier in reversed(sheet.history.boards))
        before = next((amount for amount in known if amount is not None), None)
        yield Reading(subject="", labels=(), value=total, now=total, before=before)


def bets(rule: LargeBetRule, sheet: Sheet) -> Iterator[Reading]:
    """What came in on each interest between two boards; not across a scratch, whose refunds move every amount."""
    pools = _two_boards(rule, sheet)
    if isinstance(pools, str):
        sheet.skip(rule, None, pools)
        return
    earlier, now = pools
    note = f"in {lasting(sheet.here.fetched_at - sheet.same_field[-1].fetched_at)}"
    for label in sorted((now.amounts.keys() & earlier.amounts.keys()) - sheet.here.scratched, key=program_order):
        if sheet.wants(rule, (label,)):
            after, before = (hundredths(pool.amounts[label], pool.currency) for pool in (now, earlier))
            yield Reading(subject=label, labels=(label,), value=after - before, now=after, before=before, note=note)


def _two_boards(rule: LargeBetRule, sheet: Sheet) -> tuple[PoolView, PoolView] | str:
    """The pool on the board before and on this one, or why they cannot be compared."""
    previous = sheet.history.previous
    if previous is None:
        return "no earlier board"
    if not sheet.same_field:
        return "a scratch since the last board"
    now, earlier = sheet.board.pools.get(rule.bet_type), previous.pools.get(rule.bet_type)
    if now is None or earlier is None:
        return f"{rule.bet_type} pool not shown"
    if now.currency != earlier.currency:
        return f"{rule.bet_type} pool in another currency than before"
    return earlier, now
