"""What alerts about pair prices say."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from alerts.amounts import HUNDREDTHS
from alerts.evaluate import Firing
from alerts.history import Takeout
from alerts.reading import Reading
from alerts.reading.chances import Chances, Told
from alerts.reading.cross_pool import CrossReading
from alerts.reading.overlay import OverlayReading
from alerts.rules.pair import CrossPoolRule, ExactaOverlayRule, PayoutRule
from alerts.safe_header import clean
from alerts.wording.detail import Words
from alerts.wording.numbers import pool_total, units, whole
from horses_scrapy import money
from horses_scrapy.storage.board_view import BoardView

LONGSHOT = 0.05
"""Chance below which a win pool says too little of a horse for a fair price: bettors overbet longshots (DOMAIN.md 3.7)."""

TOLD: Mapping[Told, str] = MappingProxyType(
    {
        "money": "chances from the win pool, by its money on each",
        "prices": "chances from the win pool, by its prices scaled to 100%",
        "display": "chances from the display, its odds scaled to 100%",
    }
)


def level(firing: Firing, board: BoardView) -> Words:
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, PayoutRule)
    return Words(
        what=f"{rule.bet_type} {clean(firing.identity.subject)}",
        who=_who(board, reading.labels),
        move=_moved(reading, board.grids[rule.bet_type].currency, rule.base),
        condition=f"{'above' if rule.above else 'below'} {whole(rule.threshold.payout)}",
        pool=pool_total(board, rule.pool),
        notes=(_payouts(board, rule.bet_type, rule.base),),
    )


def overlay(firing: Firing, board: BoardView) -> Words:
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, ExactaOverlayRule)
    assert isinstance(reading, OverlayReading)
    fair, currency = reading.fair, board.grids["exacta"].currency
    price = _rounded(fair.payouts[reading.labels], currency)
    return Words(
        what=f"exacta {clean(firing.identity.subject)}",
        who=_who(board, reading.labels),
        move=_moved(reading, currency, fair.base),
        condition=f"{_percent(reading.value)} over fair {price} (at least {_percent(rule.percent)})",
        pool=pool_total(board, rule.pool),
        notes=(
            f"fair {price} {_after(fair.takeout)}, by {rule.model}: an estimate",
            _payouts(board, "exacta", fair.base),
            f"{TOLD[fair.chances.told]}: {_shares(reading.labels, fair.chances)}",
            *_doubt(reading.labels[0], fair.chances),
        ),
    )


def crossing(firing: Firing, board: BoardView) -> Words:
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, CrossPoolRule)
    assert isinstance(reading, CrossReading)
    assert reading.before is not None
    side = "above" if rule.side == "exacta_higher" else "below"
    implied = reading.implied
    return Words(
        what=f"#{clean(firing.identity.subject)}",
        who=_who(board, reading.labels),
        move=f"exacta pool {reading.now / 1000:.1f}% vs win pool {reading.before / 1000:.1f}%",
        condition=f"{_percent(reading.value)} {side} the win pool (at least {_percent(rule.percent)})",
        pool=pool_total(board, rule.pool),
        notes=(
            TOLD[implied.chances.told],
            _payouts(board, "exacta", implied.base),
            f"takeout cancels out here; the exacta prices themselves imply {implied.takeout * 100:.1f}%",
        ),
    )


def _rounded(hundredths: float, currency: str) -> str:
    return money.figure(round(hundredths * money.minor_units(currency) / HUNDREDTHS), currency)


def _who(board: BoardView, labels: Sequence[str]) -> str:
    return clean(" / ".join(filter(None, map(board.horses, labels))))


def _moved(reading: Reading, currency: str, base: int) -> str:
    before = None if reading.before == reading.now else reading.before
    now = f"{units(reading.now, currency)}{'+' if reading.capped else ''} {currency} for {whole(base)}"
    return now if before is None else f"{units(before, currency)} -> {now}"


def _payouts(board: BoardView, bet_type: str, base: int) -> str:
    whose = "exact by the pool" if board.source.basis == "pool" else "the display's own estimates"
    return f"{bet_type} payouts are for {whole(base)} {board.grids[bet_type].currency}, {whose}"


def _after(takeout: Takeout) -> str:
    rate = f"{takeout.rate * 100:.2f}".rstrip("0").rstrip(".")
    return f"with takeout assumed {rate}%" if takeout.assumed else f"after {rate}% takeout"


def _percent(thousandths: int) -> str:
    return f"{thousandths / 1000:.1f}".removesuffix(".0") + "%"


def _shares(labels: Sequence[str], chances: Chances) -> str:
    return ", ".join(f"#{clean(label)} {chances.of[label] * 100:.1f}%" for label in labels)


def _doubt(first: str, chances: Chances) -> list[str]:
    if chances.of[first] >= LONGSHOT:
        return []
    return [f"overlays on longshots are mostly model error, and #{clean(first)} is one"]
