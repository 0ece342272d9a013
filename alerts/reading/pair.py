"""Readings of pair prices: against a level, against the fair price, and what the grid says of the winner. Pure."""

from collections.abc import Iterator

from alerts.reading.reading import Reading
from alerts.reading.sheet import Sheet
from alerts.rules.pair import PayoutRule


def levels(rule: PayoutRule, sheet: Sheet) -> Iterator[Reading]:
    if "no_pairs" in sheet.board.flags:
        sheet.skip(rule, None, "the pair prices could not be had")
        return
    earlier = sheet.earlier_payouts(rule.bet_type, rule.base)
    for labels, paid in sheet.payouts(rule.bet_type, rule.base).items():
        if paid.capped and not rule.above:
            continue
        if sheet.wants(rule, labels):
            before = earlier.get(labels)
            yield Reading(
                subject="-".join(labels),
                labels=labels,
                value=paid.amount,
                now=paid.amount,
                before=None if before is None or before.capped else before.amount,
                capped=paid.capped,
            )
