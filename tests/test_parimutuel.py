"""Pari-mutuel arithmetic against worked numbers, and the laws that every pool keeps."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from horses_scrapy import odds, parimutuel
from horses_scrapy.parimutuel import price_for_1, split_price_for_1

DIME = Fraction(1, 10)
PENNY = Fraction(1, 100)
SIX_HORSES = {"1": "5-2", "2": "3-5", "3": "12", "4": "8", "5": "8", "6": "30"}
PRICES = {label: odds.parse_board(text).price for label, text in SIX_HORSES.items()}

takeouts = st.fractions(0, Fraction(2, 5), max_denominator=1000)
breakages = st.sampled_from([DIME, PENNY, Fraction(1, 20)])
amounts = st.lists(st.integers(0, 10**9), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("pool", "on_winner", "takeout", "breakage", "two_dollars"),
    [
        (105_000, 50_000, "0.16", DIME, "3.40"),  # exactly 1.764 for 1
        (105_000, 50_000, "0.16", PENNY, "3.52"),
        (16_900, 8_350, "0.165", DIME, "3.20"),  # 1.69: Ellis Park's first winner under penny breakage paid 3.38
        (16_900, 8_350, "0.165", PENNY, "3.38"),
        (100_000, 20_000, "0.20", DIME, "8.00"),  # no breakage is left over
        (100_000, 100_000, "0.16", DIME, "2.10"),  # a minus pool: the minimum
        (100_000, 1, "0.16", DIME, "168000"),
    ],
)
def test_a_win_price_is_net_over_the_winner_rounded_down(pool, on_winner, takeout, breakage, two_dollars):
    price = price_for_1(pool, on_winner, Fraction(takeout), breakage)
    assert 2 * price == Fraction(two_dollars)


def test_an_exact_price_is_not_lost_to_binary_fractions():
    assert price_for_1(11_000, 10_000, Fraction(0), DIME) == Fraction(11, 10)
    assert parimutuel.break_down(Fraction(3, 10), DIME) == Fraction(3, 10)


@pytest.mark.parametrize(
    ("minimum", "price"), [(Fraction(21, 20), "1.05"), (Fraction(11, 10), "1.1"), (Fraction(1), "1")]
)
def test_the_minimum_is_the_jurisdictions(minimum, price):
    assert price_for_1(1000, 990, Fraction("0.16"), DIME, minimum) == Fraction(price)


@pytest.mark.parametrize(
    ("amount", "on_all", "price"),
    [
        # Pool 100 000, takeout 0.16: net 84 000.
        (20_000, [20_000, 10_000], "2.3"),  # place: profit 54 000, 27 000 each: 1 + 1.35
        (10_000, [20_000, 10_000], "3.7"),  # 1 + 2.7
        (20_000, [20_000, 10_000, 6_000], "1.8"),  # show: profit 48 000, 16 000 each
        (6_000, [20_000, 10_000, 6_000], "3.6"),  # 1 + 2.666
        (30_000, [30_000, 12_000], "1.7"),  # dead heat to win: profit 42 000, 21 000 each
        (12_000, [30_000, 12_000], "2.7"),  # 1 + 1.75
        (30_000, [30_000], "2.8"),  # both places to one entry: paid as a win pool
        (80_000, [80_000, 30_000], "1.05"),  # a minus pool
    ],
)
def test_a_split_pool_shares_its_profit_equally(amount, on_all, price):
    assert split_price_for_1(100_000, amount, on_all, Fraction("0.16"), DIME) == Fraction(price)


@pytest.mark.parametrize("on_winner", [0, -1])
def test_nobody_to_pay_is_an_error(on_winner):
    with pytest.raises(ValueError, match="nobody to pay"):
        price_for_1(1000, on_winner, Fraction(0), DIME)
    with pytest.raises(ValueError, match="nobody to pay"):
        split_price_for_1(1000, on_winner, [1], Fraction(0), DIME)


@pytest.mark.parametrize("on_all", [[], [5]])
def test_a_winner_that_is_not_among_the_winners_is_an_error(on_all):
    with pytest.raises(ValueError, match="belongs to them"):
        split_price_for_1(1000, 10, on_all, Fraction(0), DIME)


@given(amounts=amounts, takeout=takeouts, breakage=breakages, data=st.data())
def test_a_pool_never_pays_more_than_its_net(amounts, takeout, breakage, data):
    pool = sum(amounts)
    winner = data.draw(st.sampled_from(amounts))
    if winner == 0:
        return
    net = (1 - takeout) * pool
    price = price_for_1(pool, winner, takeout, breakage, minimum=Fraction(0))
    assert price * winner <= net
    assert net - price * winner < breakage * winner  # what breakage keeps: less than one step for 1
    assert price % breakage == 0
    assert price_for_1(pool, winner, takeout, breakage) == max(price, parimutuel.MINIMUM_RETURN)


@given(
    winners=st.lists(st.integers(1, 10**6), min_size=1, max_size=4),
    losers=st.integers(0, 10**7),
    takeout=takeouts,
    breakage=breakages,
)
def test_a_split_pool_never_pays_more_than_its_net(winners, losers, takeout, breakage):
    pool = sum(winners) + losers
    net = (1 - takeout) * pool
    paid = sum(
        amount * split_price_for_1(pool, amount, winners, takeout, breakage, minimum=Fraction(-(10**9)))
        for amount in winners
    )
    assert net - sum(breakage * amount for amount in winners) < paid <= net


@given(pool=st.integers(1, 10**9), takeout=takeouts, breakage=breakages)
def test_one_winner_of_a_split_pool_is_paid_as_a_win_pool(pool, takeout, breakage):
    on_winner = pool // 2 + 1
    expected = price_for_1(pool, on_winner, takeout, breakage)
    assert split_price_for_1(pool, on_winner, [on_winner], takeout, breakage) == expected


@given(amounts=amounts.filter(sum))
@example(amounts=[1])
def test_implied_probabilities_are_shares_and_sum_to_exactly_1(amounts):
    found = parimutuel.implied_probabilities({str(n): amount for n, amount in enumerate(amounts)})
    assert sum(found.values()) == 1
    assert all(share * sum(amounts) == amount for share, amount in zip(found.values(), amounts, strict=True))


@pytest.mark.parametrize(("amounts", "says"), [({}, "empty"), ({"1": 0}, "empty"), ({"1": 10, "2": -1}, "negative")])
def test_a_pool_that_implies_nothing_is_an_error(amounts, says):
    with pytest.raises(ValueError, match=says):
        parimutuel.implied_probabilities(amounts)


def test_displayed_odds_sum_above_1_by_the_takeout():
    assert sum(odds.probability(price) for price in PRICES.values()) == pytest.approx(1.2421, abs=5e-5)
    assert parimutuel.implied_takeout(list(PRICES.values())) == pytest.approx(1 - 1 / 1.2421, abs=5e-5)
    with pytest.raises(ValueError, match="no prices"):
        parimutuel.implied_takeout([])


def test_normalised_probabilities_of_displayed_odds():
    found = parimutuel.normalised_probabilities(PRICES)
    assert [round(share, 4) for share in found.values()] == [0.2300, 0.5032, 0.0619, 0.0895, 0.0895, 0.0260]


@given(st.dictionaries(st.text(), st.integers(1001, odds.MAX_PRICE), min_size=1))
def test_normalised_probabilities_sum_to_1(prices):
    assert sum(parimutuel.normalised_probabilities(prices).values()) == pytest.approx(1)


@given(amounts=st.lists(st.integers(1, 10**7), min_size=2, max_size=16), takeout=takeouts)
def test_takeout_is_found_again_from_unbroken_prices(amounts, takeout):
    pool = sum(amounts)
    prices = [round(1000 * (1 - takeout) * Fraction(pool, amount)) for amount in amounts]
    assert parimutuel.implied_takeout(prices) == pytest.approx(float(takeout), abs=0.002)
