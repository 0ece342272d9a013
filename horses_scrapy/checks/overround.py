"""overround: the win prices of all runners must add up to what the pool pays back.

A tote with takeout t shows prices whose sum of 1/decimal is 1/(1-t). Each printed price stands for a range, so the sum
does, too: it is wrong where 1/(1-t) lies outside it by more than TOLERANCE. Interests without a price hold no money and
add nothing. A price at the minimum return only says that the pool pays no more: it may stand for all of the money.

Calibrated on recorded boards (tests/checks/test_recorded.py states the figures): TAB NZ 1.195, PMU 1.202, HKJC 1.213 to
1.235 (integers from 10 up: a floor), JRA 1.255 to 1.261, Rikstoto 1.251, ATG 1.178 to 1.180, Tatts 1.195 on a pool of
163, TVG 1.301 on rungs (1.20 to 1.30 as ranges). A pool of 13 dollars at TAB Australia adds up as well, whatever its prices:
1.04 may stand for nearly all of the money. But 22.20 is half a dollar there; such a pool is no market, and is found out by that.

Exchange and bookmaker quote no pool. Before the off, best backs of a whole Randwick market added up to 1.00-1.07 (98 in
100 updates), best lays to 0.945-1.00, last traded prices to 0.98-1.06 there and up to 1.20 at Hamilton after a
withdrawal. A bookmaker's margin is 0 to 50 %; a withdrawal takes the horse's share out of it until he prices anew.
"""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

from horses_scrapy.checks.context import Context, Finding
from horses_scrapy.checks.shown import (
    TAKEOUT_KNOWN_TO_EXIST,
    Range,
    active,
    minimum,
    quoted,
    ranges,
    scratched,
    takeouts,
    values,
)
from horses_scrapy.config.tracks import PoolTerms
from horses_scrapy.items import Market, OddsItem
from horses_scrapy.money import minor_units, shown
from horses_scrapy.odds import LADDER

TOLERANCE = Fraction(5, 100)
"""Of the sum. Recorded at Churchill Downs, a pool with guests of other takeouts kept 21.5 % early and 18.7 % at the end."""
BOOKS: Mapping[Market, tuple[float, float]] = MappingProxyType(
    {"win_fixed": (1.0, 1.5), "win_back": (0.97, 1.15), "win_lay": (0.85, 1.03), "win_last": (0.9, 1.25)}
)
AFTER_A_SCRATCH = 0.6
"""The least of a bookmaker's sum while he has not priced anew."""
_BEFORE_THE_OFF = frozenset({"scheduled", "open"})


def overround(board: OddsItem, context: Context) -> Finding | None:
    found = _tote(board, context.terms.get("win"))
    if found is not None or board.status not in _BEFORE_THE_OFF:
        return found
    return next((finding for market in BOOKS if (finding := _book(board, market)) is not None), None)


def _tote(board: OddsItem, terms: PoolTerms | None) -> Finding | None:
    prices = quoted(board, "win_tote")
    if not prices:
        return None
    least, most = takeouts(terms, TAKEOUT_KNOWN_TO_EXIST)
    of = ranges(prices, board.source, terms)
    low, high = _sums(of, _floor(board, terms), 1 / (1 - most))
    expected = (1 / (1 - least) * (1 - TOLERANCE), 1 / (1 - most) * (1 + TOLERANCE))
    if low <= expected[1] and high >= expected[0]:
        return _thin(board, of, 1 - least)
    told = f"{float(low):.3f} to {float(high):.3f} over {len(prices)} win prices"
    return Finding("overround", f"1/price to add up to {float(expected[0]):.3f} to {float(expected[1]):.3f}", told)


def _floor(board: OddsItem, terms: PoolTerms | None) -> Fraction:
    """Up to here a price may stand for any shorter one: the minimum return, or the first rung of a board."""
    least = 1000 * minimum(terms)
    return max(least, Fraction(LADDER[0])) if board.source.notation == "board" else least


def _sums(of: Mapping[str, Range], floor: Fraction, whole: Fraction) -> tuple[Fraction, Fraction]:
    """Least and greatest sum of 1/price; `whole` is what an interest with all the money adds."""
    low = sum((1000 / high for _, high in of.values() if high is not None), Fraction())
    high = sum((whole if price <= floor else 1000 / price for price, _ in of.values()), Fraction())
    return low, high


def _thin(board: OddsItem, of: Mapping[str, Range], back: Fraction) -> Finding | None:
    """A price behind which not even one unit of money stands is one stub of a ticket, whatever it adds up to."""
    pool = next((pool for pool in board.pools if pool.bet_type == "win" and pool.label is None), None)
    if pool is None:
        return None
    unit = minor_units(pool.currency)
    for label, (price, high) in of.items():
        if high is not None and back * pool.amount * 1000 < unit * price:
            behind = float(back * pool.amount * 1000 / price / unit)
            told = f"{behind:.2f} {pool.currency} on #{label}, by its price, of {shown(pool.amount, pool.currency)}"
            return Finding("overround", "a market: at least one unit of money on each price", told)
    return None


def _book(board: OddsItem, market: Market) -> Finding | None:
    prices = values(quoted(board, market))
    if len(prices) < 2 or prices.keys() != active(board, market):
        return None
    low, high = BOOKS[market]
    if market == "win_fixed" and scratched(board):
        low = AFTER_A_SCRATCH
    found = sum(1000 / price for price in prices.values())
    if low <= found <= high:
        return None
    told = f"{found:.3f} over {len(prices)}"
    return Finding("overround", f"1/price in {market} to add up to {low:g} to {high:g}", told)
