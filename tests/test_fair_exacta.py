"""Fair exactas against worked numbers (DOMAIN.md 3.7), and the laws of the two models."""

from itertools import combinations, pairwise
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horses_scrapy import odds
from horses_scrapy.fair_exacta import exacta_chances, fair_payout, quinella_chances
from horses_scrapy.parimutuel import normalised_probabilities

TAKEOUT = 0.185
SIX_HORSES = {"1": "5-2", "2": "3-5", "3": "12", "4": "8", "5": "8", "6": "30"}
WIN = normalised_probabilities({label: odds.parse_board(text).price for label, text in SIX_HORSES.items()})


def _scaled(weights):
    return {str(number): weight / sum(weights) for number, weight in enumerate(weights, 1)}


fields = st.lists(st.floats(0.001, 1), min_size=2, max_size=14).map(_scaled)
gammas = st.floats(0.2, 1)


@pytest.mark.parametrize(
    ("gamma", "chance", "fair", "after_takeout"),
    [(1.0, 0.15032, 13.31, 10.84), (0.85, 0.13454, 14.87, 12.12), (0.81, 0.13014, 15.37, 12.53), (0.7053, 0.11836, 16.90, 13.77)],
)  # fmt: skip
def test_the_worked_table(gamma, chance, fair, after_takeout):
    found = exacta_chances(WIN, gamma)["1", "2"]
    assert found == pytest.approx(chance, abs=1e-5)
    assert fair_payout(found, 2) == pytest.approx(fair, abs=0.005)
    assert fair_payout(found, 2, TAKEOUT) == pytest.approx(after_takeout, abs=0.005)


@pytest.mark.parametrize("gamma", [1.0, 0.81])
def test_a_fair_grid_s_inverses_sum_to_what_the_takeout_leaves(gamma):
    """The invariant by which a recorded grid is checked."""
    payouts = [fair_payout(chance, 2, TAKEOUT) for chance in exacta_chances(WIN, gamma).values()]
    assert len(payouts) == 30
    assert sum(2 / paid for paid in payouts) == pytest.approx(1.226994, abs=1e-6)


def test_a_quinella_is_either_order():
    found = quinella_chances(WIN)
    assert list(found) == list(combinations(WIN, 2))
    assert found["1", "2"] == pytest.approx(0.15032 + WIN["2"] * WIN["1"] / (1 - WIN["2"]), abs=1e-5)


@given(win=fields, gamma=gammas)
@settings(max_examples=60)
def test_chances_sum_to_1_and_a_first_horse_keeps_its_own(win, gamma):
    found = exacta_chances(win, gamma)
    assert sum(found.values()) == pytest.approx(1)
    assert sum(quinella_chances(win, gamma).values()) == pytest.approx(1)
    for first, chance in win.items():
        assert sum(of for pair, of in found.items() if pair[0] == first) == pytest.approx(chance)


@given(win=fields)
@settings(max_examples=60)
def test_gamma_1_is_harville(win):
    for (first, second), chance in exacta_chances(win, 1.0).items():
        assert chance == pytest.approx(win[first] * win[second] / (1 - win[first]))


@given(win=fields, gamma=gammas)
@settings(max_examples=60)
def test_the_likelier_horse_is_the_likelier_second(win, gamma):
    found = exacta_chances(win, gamma)
    for first, *others in [(first, *(label for label in win if label != first)) for first in win]:
        ranked = sorted(others, key=win.__getitem__)
        seconds = [found[first, label] for label in ranked]
        assert all(one <= more * (1 + 1e-12) for one, more in pairwise(seconds))


@given(win=fields.filter(lambda win: len(win) > 2), low=gammas, high=gammas)
@settings(max_examples=60)
def test_a_smaller_gamma_is_kinder_to_the_longest_second(win, low, high):
    low, high = sorted((low, high))
    longest = min(win, key=win.__getitem__)
    first = next(label for label in win if label != longest)
    assert exacta_chances(win, low)[first, longest] >= exacta_chances(win, high)[first, longest] * (1 - 1e-9)


@given(chance=st.floats(1e-6, 1), takeout=st.floats(0, 0.9))
@settings(max_examples=60)
def test_a_fair_bet_returns_what_the_takeout_leaves(chance, takeout):
    assert chance * fair_payout(chance, 2, takeout) == pytest.approx(2 * (1 - takeout))


@pytest.mark.parametrize(
    ("win", "gamma", "says"),
    [
        ({}, 1, "sum to 0"),
        ({"1": 1.0}, 1, "between 0 and 1"),
        ({"1": 0.5, "2": 0.5, "3": 0.0}, 1, "between 0 and 1"),
        ({"1": 1.2, "2": -0.2}, 1, "'1': 1.2, '2': -0.2"),
        ({"1": nan, "2": 0.5}, 1, "'1': nan"),
        ({"1": 0.5, "2": 0.49}, 1, "sum to 0.99"),
        ({"1": 0.5, "2": 0.51}, 1, "sum to 1.01"),
        ({"1": 0.5, "2": 0.5}, 0, "gamma 0"),
        ({"1": 0.5, "2": 0.5}, -1, "gamma -1"),
        ({"1": 0.5, "2": 0.5}, nan, "gamma nan"),
    ],
)
def test_what_is_no_chance_is_refused(win, gamma, says):
    with pytest.raises(ValueError, match=says):
        exacta_chances(win, gamma)


@pytest.mark.parametrize(("chance", "takeout", "says"), [
    (0, 0, "chance 0"), (1.1, 0, "chance 1.1"), (nan, 0, "chance nan"),
    (0.5, 1, "takeout 1"), (0.5, -0.1, "takeout -0.1"), (0.5, inf, "takeout inf"),
])  # fmt: skip
def test_what_is_no_price_is_refused(chance, takeout, says):
    with pytest.raises(ValueError, match=says):
        fair_payout(chance, 2, takeout)


def test_a_certainty_pays_its_share_of_the_pool():
    assert fair_payout(1, 2, 0.25) == 1.5
