"""What holds for every market: one that is consistent passes, one that is misread where the board says so twice does not."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown_boards import BOARD, DECIMAL, board, entries, grid, terms

from horses_scrapy import odds
from horses_scrapy.checks import Context, Runner, findings
from horses_scrapy.parimutuel import price_for_1

MANY = settings(max_examples=500, deadline=None, derandomize=True, database=None)
SOME = settings(MANY, max_examples=300)
dice = st.integers(0, 2**32).map(Random)
"""One number stands for a case: a list of amounts that Hypothesis draws itself takes ten times as long."""


def pool(dice: Random, least: int, most: int) -> list[int]:
    """Whole dollars on each of 4 to 12 runners, their sizes spread evenly over the orders of magnitude."""
    return [round(least * (most / least) ** dice.random()) for _ in range(dice.randint(4, 12))]


def terms_of(dice: Random) -> tuple[str, str]:
    """Takeout and breakage."""
    return dice.choice(["0.12", "0.145", "0.16", "0.175", "0.20", "0.26"]), dice.choice(["0.1", "0.05", "0.01"])


def market(on, takeout, breakage, *, notation="decimal", unit=100):
    """The board of a pool with so many dollars on each runner; whole dollars are shown."""
    labels = [str(number) for number in range(1, len(on) + 1)]
    total = sum(on)
    shown = {}
    for label, dollars in zip(labels, on, strict=True):
        pays = int(price_for_1(total, dollars, Fraction(takeout), Fraction(breakage)) * 1000)
        if notation == "board":
            rung = odds.board_floor(pays)
            shown[label] = "99+" if rung == odds.LADDER[-1] else rung
        else:
            shown[label] = pays
    pools = {("win", None): total * unit} | {
        ("win", label): dollars * unit for label, dollars in zip(labels, on, strict=True)
    }
    return board(shown, source=BOARD if notation == "board" else DECIMAL, pools=pools)


def matrix(on, takeout, *, kind="exacta", base=200):
    """Money on each pair as Harville has it, a dollar at least, and what the pairs then pay."""
    labels = [str(number) for number in range(1, len(on) + 1)]
    win = {label: Fraction(dollars, sum(on)) for label, dollars in zip(labels, on, strict=True)}
    pairs = permutations(labels, 2) if kind == "exacta" else combinations(labels, 2)
    bet = {(a, b): 1 + int(50_000 * win[a] * win[b] / (1 - win[a])) for a, b in pairs}
    total = sum(bet.values())
    cells = {
        pair: int(base * price_for_1(total, dollars, Fraction(takeout), Fraction(1, 10)))
        for pair, dollars in bet.items()
    }
    return grid(cells, kind=kind, base=base)


def context(item, takeout, breakage, *, known):
    of = {
        "win": terms(float(takeout), float(breakage)),
        "exacta": terms(float(takeout)),
        "quinella": terms(float(takeout)),
    }
    card = entries(*(price.label for price in item.prices))
    runners = tuple(Runner(entry.label, entry.horse, entry.status) for entry in card)
    return Context(terms=of if known else {}, runners=runners)


def names(item, around):
    return {finding.name for finding in findings(item, around)}


@MANY
@given(dice)
def test_a_consistent_market_is_never_flagged(dice):
    on, (takeout, breakage) = pool(dice, 2, 60_000), terms_of(dice)
    item = market(on, takeout, breakage, notation=dice.choice(["board", "decimal"]))
    if len({price.price for price in item.prices}) == 1:
        return
    if dice.random() < 0.5:
        item = replace(item, pools=item.pools[:1])
    assert names(item, context(item, takeout, breakage, known=dice.random() < 0.5)) == set()


@SOME
@given(dice)
def test_consistent_pairs_are_never_flagged_and_turned_ones_are_where_it_can_be_told(dice):
    on, (takeout, _) = pool(dice, 50, 60_000), terms_of(dice)
    item = market(on, takeout, "0.1")
    exacta = matrix(on, takeout)
    whole = replace(item, grids=(exacta, matrix(on, takeout, kind="quinella", base=100)))
    around = context(item, takeout, "0.1", known=dice.random() < 0.5)
    assert names(whole, around) == set()
    turned = tuple(replace(cell, first=cell.second, second=cell.first) for cell in exacta.prices)
    found = names(replace(item, grids=(replace(exacta, prices=turned),)), around)
    assert found == {"orientation"} if apart(exacta) > 0.2 else found <= {"orientation"}


def apart(exacta):
    """How far the shares by first horse are from those by second horse."""
    whole = sum(1 / cell.payout for cell in exacta.prices)
    gap = Counter()
    for cell in exacta.prices:
        gap[cell.first] += 1 / cell.payout / whole
        gap[cell.second] -= 1 / cell.payout / whole
    return sum(one**2 for one in gap.values()) ** 0.5


@MANY
@given(dice)
def test_a_price_misread_tenfold_is_flagged_where_the_money_is_known(dice):
    on, (takeout, breakage) = pool(dice, 20, 60_000), terms_of(dice)
    item = market(on, takeout, breakage, notation=dice.choice(["board", "decimal"]))
    right = dice.choice(item.prices)
    if right.price > 90_000:  # ten times that is at the cap of a board, and so nearly is this
        return
    status = "capped" if item.source == BOARD and right.price >= 10_000 else "active"
    wrong = replace(right, price=right.price * 10, status=status)
    misread = replace(item, prices=tuple(wrong if price is right else price for price in item.prices))
    assert "display_vs_pool" in names(misread, context(item, takeout, breakage, known=True))


@MANY
@given(dice)
def test_a_favourite_misread_tenfold_is_flagged_by_the_sum(dice):
    on, (takeout, breakage) = pool(dice, 400, 1000), terms_of(dice)
    item = replace(market(on, takeout, breakage), pools=())
    right = min(item.prices, key=lambda price: price.price)
    misread = tuple(replace(price, price=price.price * 10) if price is right else price for price in item.prices)
    assert "overround" in names(replace(item, prices=misread), context(item, takeout, breakage, known=True))


@pytest.mark.parametrize("factor", [Fraction(1, 10), 10])
def test_a_total_misread_tenfold_is_flagged(factor):
    item = market([500, 900, 1400, 4000], "0.16", "0.1", notation="board")
    total = replace(item.pools[0], amount=int(item.pools[0].amount * factor))
    misread = replace(item, pools=(total, *item.pools[1:]))
    assert names(misread, context(item, "0.16", "0.1", known=True)) == {"display_vs_pool"}
    assert names(misread, context(item, "0.16", "0.1", known=False)) == {"display_vs_pool"}
