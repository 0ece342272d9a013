"""What alerts about money say."""

from alerts.amounts import HUNDREDTHS
from alerts.evaluate import Firing
from alerts.rules.race import LargeBetRule, PoolAboveRule
from alerts.safe_header import clean
from alerts.wording.detail import Words
from alerts.wording.numbers import pool_total, units, whole
from horses_scrapy import money
from horses_scrapy.storage.board_view import BoardView

OWN_FIGURE = "the pool's own figure, before takeout"


def total(firing: Firing, board: BoardView) -> Words:
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, PoolAboveRule)
    currency = board.pools[rule.bet_type].currency
    before = None if reading.before == reading.now else reading.before
    now = f"{units(reading.now, currency)} {currency}"
    return Words(
        what=f"{rule.bet_type} pool",
        move=now if before is None else f"{units(before, currency)} -> {now}",
        condition=f"at least {whole(rule.threshold)}",
        pool=pool_total(board, rule.bet_type),
        notes=(OWN_FIGURE,),
    )


def bet(firing: Firing, board: BoardView) -> Words:
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, LargeBetRule)
    assert reading.before is not None
    pool = board.pools[rule.bet_type]
    before, now = (f"{units(amount, pool.currency)} {pool.currency}" for amount in (reading.before, reading.now))
    return Words(
        what=f"#{clean(firing.identity.subject)}",
        who=clean(" / ".join(filter(None, map(board.horses, reading.labels)))),
        move=f"+{units(reading.value, pool.currency)} {pool.currency} in the {rule.bet_type} pool{_share(firing, board)}",
        condition=f"at least {whole(rule.amount)}",
        pool=pool_total(board, rule.bet_type),
        notes=(f"{before} -> {now} on it {reading.note}: {OWN_FIGURE}",),
    )


def _share(firing: Firing, board: BoardView) -> str:
    """How much of the pool came in with the jump."""
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, LargeBetRule)
    pool = board.pools[rule.bet_type]
    if pool.total is None or pool.total <= 0:
        return ""
    came = reading.value * money.minor_units(pool.currency) // HUNDREDTHS
    return f" ({came * 100 // pool.total}% of it)"
