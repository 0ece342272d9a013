"""Prices that together leave a sure profit. Stakes are in units of one currency: what a currency costs is not looked at."""

from datetime import datetime
from typing import Literal

from horses_scrapy.arbitrage import Market
from horses_scrapy.web.models.base import Answer, Odds, RaceName


class ArbitrageLeg(Answer):
    """side: `lay` is a bet against. effective: what 1 backed returns after commission; of a lay its price.

    stake: to bet; liability: what the leg may cost (of a back its stake). available: what the exchange has on offer at that
    price, in its own currency, where it tells so; more is not matched. seen_at: the board that shows the price.
    """

    label: str
    horse: str
    source: str
    market: Market
    side: Literal["back", "lay"]
    odds: Odds
    effective: float
    stake: float
    liability: float
    available: float | None
    seen_at: datetime


class Arbitrage(Answer):
    """kind: `dutch` backs every horse that runs; `back_lay` backs one and lays it elsewhere. sum: below 1.

    outlay: what is put up, stakes rounded down to hundredths; returns: the least that comes back; profit: what is then left
    over; margin: profit / outlay; unused: what rounding leaves of the stake.
    """

    race: RaceName
    kind: Literal["dutch", "back_lay"]
    sum: float
    legs: list[ArbitrageLeg]
    outlay: float
    returns: float
    profit: float
    margin: float
    unused: float


class ArbitrageLook(Answer):
    """A race with fixed or exchange prices. sum: of 1/effective over its whole field; reason: why there is none."""

    race: RaceName
    sources: list[str]
    sum: float | None
    reason: str | None


class Arbitrages(Answer):
    """What fresh boards leave at `at`. Races that are off, and pari-mutuel prices, make none.

    commission: of an exchange, a share of net winnings; stake: per arbitrage. looked_at: every race with such prices; best_sum:
    the least of them. tote_sources: those that show pari-mutuel prices alone. reason: why there is none.
    """

    at: datetime
    commission: float
    max_age_seconds: int
    stake: float
    arbitrages: list[Arbitrage]
    best_sum: float | None
    looked_at: list[ArbitrageLook]
    tote_sources: list[str]
    reason: str | None
    caveats: list[str]
