"""What alerts about pair prices say."""

from alerts.evaluate import Firing
from alerts.rules.pair import PayoutRule
from alerts.safe_header import clean
from alerts.wording.detail import Words
from alerts.wording.numbers import pool_total, units, whole
from horses_scrapy.storage.board_view import BoardView


def level(firing: Firing, board: BoardView) -> Words:
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, PayoutRule)
    currency = board.grids[rule.bet_type].currency
    before = None if reading.before == reading.now else reading.before
    now = f"{units(reading.now, currency)}{'+' if reading.capped else ''} {currency} for {whole(rule.base)}"
    return Words(
        what=f"{rule.bet_type} {clean(firing.identity.subject)}",
        who=clean(" / ".join(filter(None, map(board.horses, reading.labels)))),
        move=now if before is None else f"{units(before, currency)} -> {now}",
        condition=f"{'above' if rule.above else 'below'} {whole(rule.threshold.payout)}",
        pool=pool_total(board, rule.pool),
    )
