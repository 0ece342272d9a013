"""What a board shows, and how exactly: a printed price or pay-out stands for a range.

A price for 1 is in thousandths. A floor of a range [low, high): `high` is None where the board prints no more.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from horses_scrapy.config.tracks import PoolTerms
from horses_scrapy.items import Market, OddsItem, Price, Source
from horses_scrapy.odds import display_range

MINIMUM = Fraction(21, 20)
TAKEOUT_KNOWN_TO_EXIST = (Fraction(10, 100), Fraction(32, 100))
"""Of win pools the world over; holds where a track's own is not known."""
_STEPS = (1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)

Range = tuple[Fraction, Fraction | None]


def takeouts(terms: PoolTerms | None, unknown: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    """The least and the most that the pool keeps."""
    if terms is None:
        return unknown
    takeout = Fraction(str(terms.takeout))
    return takeout, takeout


def minimum(terms: PoolTerms | None) -> Fraction:
    """The least that 1 returns. A price at it says only that the pool would pay no more."""
    return MINIMUM if terms is None else Fraction(str(terms.minimum))


def quoted(board: OddsItem, market: Market) -> dict[str, Price]:
    """By label; scratched, missing and unpriced interests are left out."""
    return {price.label: price for price in board.prices if price.market == market and price.price is not None}


def values(prices: Mapping[str, Price]) -> dict[str, int]:
    return {label: price.price for label, price in prices.items() if price.price is not None}


def active(board: OddsItem, market: Market) -> frozenset[str]:
    """Labels that the market shows and does not show as scratched, priced or not."""
    return frozenset(
        price.label for price in board.prices if price.market == market and price.status not in {"scratched", "missing"}
    )


def scratched(board: OddsItem) -> frozenset[str]:
    return frozenset(price.label for price in board.prices if price.status == "scratched")


def total(board: OddsItem, bet_type: str) -> int | None:
    """Minor units."""
    return next((pool.amount for pool in board.pools if pool.bet_type == bet_type and pool.label is None), None)


def amounts(board: OddsItem, bet_type: str) -> dict[str, int]:
    return {pool.label: pool.amount for pool in board.pools if pool.bet_type == bet_type and pool.label is not None}


def step(numbers: Iterable[int], largest: int) -> int:
    """In what steps a source prints: the largest of 1, 2 or 5 times a power of ten, at most `largest`, that divides all."""
    found = list(numbers)
    return next(size for size in _STEPS if size <= largest and all(number % size == 0 for number in found))


def ranges(prices: Mapping[str, Price], source: Source, terms: PoolTerms | None) -> dict[str, Range]:
    """What each price may really be. Board odds are rungs; decimal ones are cut off at a digit or at the breakage.

    A source prints fewer digits for long prices (9.0, but 12), so the digit is looked for on either side of 10.
    """
    if source.notation == "board":
        return {label: _rung(price) for label, price in prices.items()}
    breakage = 0 if terms is None else round(terms.breakage * 1000)
    found: dict[str, Range] = {}
    for long in (False, True):
        band = {label: price for label, price in prices.items() if (_price(price) >= 10_000) is long}
        width = max(breakage, step(map(_price, band.values()), 1000 if long else 100))
        for label, price in band.items():
            low = _price(price)
            found[label] = (Fraction(low), None if price.status == "capped" else Fraction(low + width))
    return found


def _price(price: Price) -> int:
    assert price.price is not None
    return price.price


def _rung(price: Price) -> Range:
    if price.status == "capped":
        return Fraction(_price(price)), None
    low, high = display_range(_price(price))
    return Fraction(low), None if high is None else Fraction(high)
