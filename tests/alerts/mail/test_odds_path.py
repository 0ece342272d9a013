import pytest
from alert_details import SEEN, detail, path
from hypothesis import given
from hypothesis import strategies as st

from alerts.mail.odds_path import BARS, MOST_BARS, bars, path_of

prices = st.integers(1010, 100_000)


def of(*seen, every=60, **fields):
    found = path_of(detail(path=path(*seen, every=every), **fields))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("seen", "drawn"),
    [
        ((7000, 4000), "█▁"),
        ((4000, 7000), "▁█"),
        ((4000, 4000, 4000), "▄▄▄"),
        ((9000, 8000, 7000, 6000, 5000, 4000), "█▇▆▅▃▁"),
        ((2000, 8000, 4000), "▁█▅"),
    ],
)
def test_a_high_bar_is_a_long_price(seen, drawn):
    assert bars(of(*seen)) == drawn


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "6-1 █▄▁ 3-1 in 2 min"),
        ({"notation": "decimal"}, "7.00 █▄▁ 4.00 in 2 min"),
    ],
)
def test_the_text_is_in_the_notation_of_the_source(fields, text):
    assert of(7000, 5200, 4000, **fields).text == text


def test_many_boards_are_shown_at_even_times():
    """Fast near the post, slow before: twelve bars, five minutes each."""
    slow = [(SEEN - minutes * 60_000, 9000) for minutes in range(55, 5, -5)]
    fast = [(SEEN - seconds * 1000, 4000) for seconds in range(300, -1, -10)]
    found = path_of(detail(path=tuple(slow + fast)))
    assert bars(found) == "█" * 10 + "▁" * 2
    assert found.text.endswith("in 55 min")


def test_more_than_an_hour_ago_only_the_price_that_stood_then_counts():
    found = of(50_000, 20_000, 10_000, 5000, every=45 * 60)
    assert [price for _, price in found.points] == [20_000, 10_000, 5000]
    assert found.start == SEEN - 60 * 60_000
    assert found.minutes == 60


@pytest.mark.parametrize("fields", [{"path": ()}, {"path": path(3000)}, {"path": path(3000, 4000), "notation": None}])
def test_no_path(fields):
    assert path_of(detail(**fields)) is None


@given(st.lists(prices, min_size=2, max_size=80), st.integers(1, 600))
def test_bars_keep_the_order_of_prices(seen, every):
    found = of(*seen, every=every)
    drawn = bars(found)
    assert len(drawn) == min(MOST_BARS, len(found.points))
    assert set(drawn) <= set(BARS)
    first, last = found.points[0][1], found.points[-1][1]
    assert (drawn[0] <= drawn[-1]) if first < last else (drawn[0] >= drawn[-1])
    assert 0 <= min(map(found.height, (first, last))) <= max(map(found.height, (first, last))) <= 1
