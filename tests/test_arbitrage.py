"""Sure profits by hand, and that one is sure: whoever wins, no less comes back than is told."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horses_scrapy.arbitrage import Offer, back_lay, back_lays, best_backs, dutch, field_sum

FIVE = Fraction(1, 20)
NONE = Fraction()


def fixed(label, price, source="book"):
    return Offer(source, "win_fixed", label, price)


def back(label, price, source="exchange"):
    return Offer(source, "win_back", label, price)


def lay(label, price, source="exchange"):
    return Offer(source, "win_lay", label, price)


def shown(sure):
    return [(leg.offer.source, leg.offer.label, leg.stake) for leg in sure.legs]


def test_two_books_that_disagree():
    """2.10 at each: 1/2.1 + 1/2.1 = 0.952; 50.00 on each return 105.00 whoever wins."""
    offers = [fixed("1", 2100, "a"), fixed("1", 1700, "b"), fixed("2", 1700, "a"), fixed("2", 2100, "b")]
    sure = dutch(best_backs(offers, FIVE), {"1", "2"}, FIVE, 10_000)
    assert (round(float(sure.total), 4), shown(sure)) == (0.9524, [("a", "1", 5000), ("b", "2", 5000)])
    assert (sure.outlay, sure.worst, sure.profit, sure.left) == (10_000, 10_500, 500, 0)


def test_stakes_are_rounded_down_and_what_is_left_is_told():
    """2.5, 3.5 and 4.0: 0.4 + 0.2857 + 0.25 = 0.9357; of 100.00: 42.748, 30.534 and 26.718."""
    offers = [fixed("1", 2500), fixed("2", 3500), fixed("3", 4000)]
    sure = dutch(best_backs(offers, NONE), {"1", "2", "3"}, NONE, 10_000)
    assert [leg.stake for leg in sure.legs] == [4274, 3053, 2671]
    assert (sure.outlay, sure.left, sure.worst) == (9998, 2, 10_684)  # the least: 26.71 at 4.0


def test_three_prices_of_3_are_exactly_1_and_nothing():
    offers = [fixed(label, 3000) for label in "123"]
    assert field_sum(best_backs(offers, NONE), set("123"), NONE) == 1
    assert dutch(best_backs(offers, NONE), set("123"), NONE, 10**9) is None


def test_a_horse_without_a_price_makes_the_field_incomplete():
    offers = [fixed("1", 9000), fixed("2", 9000)]
    assert field_sum(best_backs(offers, NONE), {"1", "2", "3"}, NONE) is None
    assert dutch(best_backs(offers, NONE), {"1", "2", "3"}, NONE, 10_000) is None
    assert field_sum({}, set(), NONE) is None


def test_commission_decides_which_price_is_best_and_whether_it_is_enough():
    """4.1 at the exchange is 3.945 after 5%: the book's 4.0 is better. Without commission it is the other way."""
    offers = [fixed("1", 4000), back("1", 4100)]
    assert best_backs(offers, FIVE)["1"].source == "book"
    assert best_backs(offers, NONE)["1"].source == "exchange"
    even = [back("1", 2050), back("2", 2050)]
    assert dutch(best_backs(even, NONE), {"1", "2"}, NONE, 10_000) is not None
    assert dutch(best_backs(even, FIVE), {"1", "2"}, FIVE, 10_000) is None


def test_a_lay_is_no_back():
    assert best_backs([lay("1", 9000)], NONE) == {}


def test_back_high_and_lay_low():
    """Backed at 5.0 and laid at 4.5, 5%: of 100.00, 20.27 backed and 22.77 laid, which may cost 79.70.

    It wins: 20.27 x 5 = 101.35 come back. It loses: 79.70 and 22.77 x 0.95 = 101.33.
    """
    sure = back_lay(fixed("1", 5000), lay("1", 4500), FIVE, 10_000)
    assert [(leg.offer.market, leg.stake, leg.liability) for leg in sure.legs] == [
        ("win_fixed", 2027, 2027),
        ("win_lay", 2277, 7970),
    ]
    assert (sure.outlay, sure.worst, sure.profit, sure.left) == (9997, 10_133, 136, 3)
    assert float(sure.total) == pytest.approx(4.45 / 4.75)


@pytest.mark.parametrize(
    ("high", "low", "commission", "sure"),
    [
        (4400, 4100, FIVE, True),  # 4.4 x 0.95 = 4.18 > 4.05
        (4250, 4100, FIVE, False),  # 4.0375 < 4.05
        (4101, 4100, NONE, True),
        (4100, 4100, NONE, False),
    ],
)
def test_how_far_apart_they_must_be(high, low, commission, sure):
    assert (back_lay(fixed("1", high), lay("1", low), commission, 1_000_000) is not None) is sure


def test_both_sides_of_one_exchange_are_no_pair_and_the_best_back_is_taken():
    offers = [back("1", 9000), lay("1", 4000), fixed("1", 5000, "low"), fixed("1", 6000, "high"), fixed("2", 6000)]
    assert [shown(one)[0][:2] for one in back_lays(offers, {"1", "2"}, FIVE, 10_000)] == [("high", "1")]
    assert back_lays(offers, {"2"}, FIVE, 10_000) == []


def test_what_rounding_eats_is_no_profit():
    assert dutch(best_backs([fixed("1", 2010), fixed("2", 2010)], NONE), {"1", "2"}, NONE, 100) is None


prices = st.integers(1010, 60_000)
commissions = st.sampled_from([NONE, Fraction(1, 50), FIVE])
stakes = st.integers(100, 10**7)


@given(st.lists(st.tuples(prices, st.booleans()), min_size=2, max_size=14), commissions, stakes)
@settings(max_examples=150)
def test_whoever_wins_no_less_comes_back(field, commission, stake):
    offers = [(back if exchange else fixed)(str(number), price) for number, (price, exchange) in enumerate(field)]
    running = {offer.label for offer in offers}
    sure = dutch(best_backs(offers, commission), running, commission, stake)
    total = field_sum(best_backs(offers, commission), running, commission)
    if sure is None:
        assert total >= 1 or stake * (1 / total - 1) < 2 * len(field) * max(price for price, _ in field) / 1000
        return
    assert total < 1
    assert 0 <= sure.left < len(field) + 1
    for leg in sure.legs:
        won = Fraction(leg.offer.price, 1000) - 1
        kept = won * (1 - commission) if leg.offer.market == "win_back" else won
        assert leg.stake * (1 + kept) >= sure.worst > sure.outlay


@given(prices, prices, commissions, stakes)
@settings(max_examples=150)
def test_a_back_and_a_lay_pay_whether_it_wins_or_not(high, low, commission, stake):
    sure = back_lay(fixed("1", high), lay("1", low), commission, stake)
    if sure is None:
        return
    backed, laid = (leg.stake for leg in sure.legs)
    against = Fraction(low, 1000)
    assert backed * (Fraction(high, 1000) - 1) - laid * (against - 1) >= sure.profit > 0
    assert laid * (1 - commission) - backed >= sure.profit
    assert sure.outlay <= stake + 2
