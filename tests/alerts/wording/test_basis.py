"""What a displayed price stands for, against DOMAIN.md's table and the market's own kind."""

from dataclasses import replace

import pytest
from board_views import view

from alerts.wording.basis import meaning, paid
from alerts.wording.numbers import percent, points, show_level
from horses_scrapy.items import Source
from horses_scrapy.storage.board_view import PoolView


@pytest.mark.parametrize(
    ("price", "told"),
    [
        (1111, "2 USD pay under 2.40"),  # the shortest rung also stands for what pays the least that a bet can
        (1200, "2 USD pay 2.40 to under 2.80"),
        (2000, "2 USD pay 4.00 to under 4.40"),
        (2400, "2 USD pay 4.80 to under 5.00"),
        (2600, "2 USD pay 5.20 to under 5.60"),
        (4000, "2 USD pay 8.00 to under 9.00"),
        (6000, "2 USD pay 12.00 to under 14.00"),
        (99_000, "2 USD pay 198.00 to under 200.00"),
        (100_000, "2 USD pay 200.00 or more"),
    ],
)
def test_what_two_dollars_pay(price, told):
    assert paid(price, "USD") == told


def test_a_hundred_yen():
    assert paid(4000, "JPY") == "100 JPY pay 400 to under 450"


@pytest.mark.parametrize(
    ("market", "source", "told"),
    [
        ("win_tote", Source("a", "board", "display"), "3-1 is the floor of a range: 2 USD pay 8.00 to under 9.00"),
        ("win_tote", Source("a", "decimal", "display"), "4.00 is the floor of a range"),
        ("win_tote", Source("a", "decimal", "pool"), "4.00 is exact by the pool"),
        ("win_fixed", Source("a", "decimal", "pool"), "4.00 is a fixed price, no pool's"),
        ("win_back", Source("a", "decimal", "pool"), "4.00 is an exchange's price, no pool's"),
        ("place_low", Source("a", "decimal", "display"), "4.00 is the least that the place pool may pay"),
    ],
)
def test_where_a_price_comes_from(market, source, told):
    assert meaning(replace(view(50), source=source), market, 4000) == told


@pytest.mark.parametrize("pools", [{}, {"exacta": PoolView(1, "USD", {})}])
def test_without_a_win_pool_no_sum_is_named(pools):
    assert meaning(replace(view(50), pools=pools), "win_tote", 4000) == "3-1 is the floor of a range"


def test_a_capped_price_is_an_open_range():
    told = meaning(view(50), "win_tote", 100_000, capped=True)
    assert told == "99+ is the floor of a range: 2 USD pay 200.00 or more"


@pytest.mark.parametrize(
    ("thousandths", "told"), [(29_999, "29.9"), (30_000, "30.0"), (99, "0.0"), (-29_999, "-29.9"), (0, "0.0")]
)
def test_figures_are_cut_not_rounded(thousandths, told):
    assert (points(thousandths), percent(thousandths)) == (told, f"{told}%")


@pytest.mark.parametrize(
    ("price", "notation", "told"), [(4500, "board", "7-2"), (3700, "board", "2.7"), (3700, "decimal", "3.70")]
)
def test_a_level_between_two_rungs(price, notation, told):
    assert show_level(price, notation) == told
