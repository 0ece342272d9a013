"""What the tote board shows: odds and probable pay-outs, from the pools as they stood at one instant."""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from horses_scrapy import odds, parimutuel
from horses_scrapy.simulator.card import TAKEOUT, Race
from horses_scrapy.simulator.market import Pair, Pools

EXACTA_TAKEOUT = Fraction(185, 1000)
BREAKAGE = Fraction(1, 10)
"""A dime on the dollar: pay-outs for 2 step by 0.20."""
BASE = 200
"""Cents of the bet that probables and pay-offs are for."""
PAYOUT_CAP = 999_900


@dataclass(frozen=True, slots=True)
class Board:
    """`number` counts the tote's cycles since the opening; `pools` hold no scratched interest."""

    race: Race
    number: int
    at: dt.datetime
    pools: Pools

    @property
    def labels(self) -> tuple[str, ...]:
        """Interests that still run, in program order."""
        return tuple(self.pools.win)

    def quote(self, label: str) -> odds.Quote:
        """The win price on the board's ladder."""
        amount = self.pools.win.get(label)
        if amount is None:
            return odds.SCRATCHED
        if amount == 0:
            return odds.NOT_QUOTED
        pays = parimutuel.price_for_1(sum(self.pools.win.values()), amount, TAKEOUT, BREAKAGE)
        rung = odds.board_floor(int(pays * 1000))
        return odds.Quote(rung, "capped" if rung == odds.LADDER[-1] else "active")

    def odds_text(self, label: str) -> str:
        quote = self.quote(label)
        if quote.status == "scratched":
            return "SCR"
        return "0" if quote.price is None else odds.show(quote.price, "board")

    def probable(self, pair: Pair) -> int | None:
        """Cents that BASE on the pair would pay now, at most PAYOUT_CAP; None while nobody has bet on it."""
        amount = self.pools.exacta[pair]
        return None if amount == 0 else min(PAYOUT_CAP, exacta_payout(self.pools, pair))


def exacta_payout(pools: Pools, pair: Pair) -> int:
    pays = parimutuel.price_for_1(sum(pools.exacta.values()), pools.exacta[pair], EXACTA_TAKEOUT, BREAKAGE)
    return int(BASE * pays)
