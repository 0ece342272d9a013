"""Pari-mutuel arithmetic: takeout, breakage, implied probability. Pure; exact rationals where money is rounded.

Rules: AZ R19-2-523 and alike: net = gross - takeout; profit = net - amount on the winner; the price for 1 is
1 + profit / amount, rounded down to the break point. Place splits the profit in two, show in three.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

MINIMUM_RETURN = Fraction(21, 20)
"""1.05 for 1: the least that a winning bet returns in most jurisdictions."""


def break_down(price_for_1: Fraction, breakage: Fraction) -> Fraction:
    """Round a price for 1 down to a multiple of `breakage` (1/10 for a dime, 1/100 for a penny)."""
    return (price_for_1 // breakage) * breakage


def price_for_1(
    pool: int,
    on_winners: int,
    takeout: Fraction,
    breakage: Fraction,
    minimum: Fraction = MINIMUM_RETURN,
) -> Fraction:
    """What 1 on the winner returns, stake included. `pool` and `on_winners` in the same minor units, on_winners > 0."""
    if on_winners <= 0:
        raise ValueError(f"{on_winners} on the winner: nobody to pay")
    exact = (1 - takeout) * Fraction(pool, on_winners)
    return max(break_down(exact, breakage), minimum)


def split_price_for_1(
    pool: int,
    amount: int,
    on_all_winners: Sequence[int],
    takeout: Fraction,
    breakage: Fraction,
    minimum: Fraction = MINIMUM_RETURN,
) -> Fraction:
    """What 1 returns in a pool whose profit is shared equally by several winners: place (2), show (3), a dead heat.

    `amount` is the money on the winner that is priced, `on_all_winners` the money on each of them.
    """
    if amount <= 0:
        raise ValueError(f"{amount} on the winner: nobody to pay")
    if amount > sum(on_all_winners):
        raise ValueError(f"{amount} on one winner, {list(on_all_winners)} on all: the one belongs to them")
    profit = (1 - takeout) * pool - sum(on_all_winners)
    share = Fraction(profit) / len(on_all_winners)
    return max(break_down(1 + share / amount, breakage), minimum)


def implied_probabilities(amounts: Mapping[str, int]) -> dict[str, Fraction]:
    """Share of the win pool per interest: exact, and free of takeout. An empty pool has no probabilities: ValueError."""
    total = sum(amounts.values())
    if total <= 0:
        raise ValueError("an empty pool implies nothing")
    if min(amounts.values()) < 0:
        raise ValueError(f"a pool holds no negative amounts: {dict(amounts)}")
    return {label: Fraction(amount, total) for label, amount in amounts.items()}


def normalised_probabilities(prices: Mapping[str, int]) -> dict[str, float]:
    """1/decimal of each price (thousandths), scaled to sum to 1: an estimate where only displayed odds are known."""
    raw = {label: 1000 / price for label, price in prices.items()}
    total = sum(raw.values())
    return {label: share / total for label, share in raw.items()}


def implied_takeout(prices: Sequence[int]) -> float:
    """1 - 1 / sum(1/decimal), prices in thousandths. From displayed odds it is biased upward: a board shows floors."""
    if not prices:
        raise ValueError("no prices imply no takeout")
    return 1 - 1 / sum(1000 / price for price in prices)
