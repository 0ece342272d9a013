import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alerts.expected
from alerts.drift import MINUTES
from alerts.expected import LEAST_RACES, final_range, from_minutes
from horses_scrapy.odds import parse_board
from horses_scrapy.storage.drift import PastDrift

prices = st.integers(1010, 100_000)
SHORT = "rules: [{name: short, kind: win_odds_below, threshold: 7-2}]"


def races(count, *ratios, price=10_000):
    """So many races with one horse for each ratio."""
    return [PastDrift(race, price, round(price * ratio)) for race in range(count) for ratio in ratios]


@pytest.mark.parametrize(
    ("past", "price", "notation", "text"),
    [
        (races(42, 0.8, 1.0, 1.3), 4000, "board", "final range 2-1 to 4-1 (p10-p90 of 42 races from 4 MTP)"),
        (races(30, 1.0), 4000, "board", "final range 3-1 to 3-1 (p10-p90 of 30 races from 4 MTP)"),
        (races(30, 0.8, 1.25), 3130, "decimal", "final range 2.50 to 3.91 (p10-p90 of 30 races from 4 MTP)"),
        (races(30, 0.5, 1.2), 1200, "decimal", "final range 1.01 to 1.44 (p10-p90 of 30 races from 4 MTP)"),
        (races(30, 0.5, 1.2), 1200, "board", "final range 1-9 to 2-5 (p10-p90 of 30 races from 4 MTP)"),
    ],
)
def test_the_range_is_in_the_notation_of_the_source(past, price, notation, text):
    assert final_range(price, past, 4, notation) == text


def test_it_is_the_middle_four_fifths():
    past = [PastDrift(race, 1000 * 100, 100_000 + 1000 * race) for race in range(100)]
    assert final_range(10_000, past, 4, "decimal").startswith("final range 10.90 to 18.90 ")


def test_races_are_counted_not_horses():
    assert final_range(4000, races(LEAST_RACES - 1, *[1.0] * 12), 4, "board") is None
    assert final_range(4000, races(LEAST_RACES, 1.0), 4, "board") is not None


@given(st.lists(st.tuples(prices, prices), min_size=30, max_size=40))
@settings(max_examples=40, deadline=None)
def test_the_lower_end_is_never_above_the_upper(moves):
    text = final_range(4000, [PastDrift(n, *move) for n, move in enumerate(moves)], 4, "board")
    low, high = (parse_board(word).price for word in (text.split()[2], text.split()[4]))
    assert low <= high


@pytest.mark.parametrize(
    ("left", "minutes"),
    [(None, None), (0, 0), (0.9, 0), (4.7, 4), (5, 5), (7, 8), (9, 10), (11, 15), (30.9, 30), (31, None), (600, None)],
)
def test_minutes_are_rounded_to_the_wider_range(left, minutes):
    assert from_minutes(left) == minutes
    assert minutes is None or minutes in MINUTES


@pytest.fixture
def soon(monkeypatch):
    """Three races are enough."""
    monkeypatch.setattr(alerts.expected, "LEAST_RACES", 3)


def past_days(meeting, count):
    """Races of the same card whose first horse halved from four minutes to post, and whose second stood still."""
    for race in range(1, count + 1):
        meeting.play(56, {"1": 9, "2": 3}, race=race)
        meeting.play(70, {"1": 4, "2": 3}, race=race, status="official")


def told(meeting, race, minute=56, **fields):
    meeting.rules(fields.pop("text", SHORT))
    meeting.play(minute, fields.pop("prices", {"1": 3, "2": 12}), race=race, **fields)
    return meeting.details()[-1]["expected"]


def test_an_alert_says_where_the_price_is_likely_to_end(meeting, soon):
    past_days(meeting, 3)
    assert told(meeting, 4) == "final range EVN to 3-1 (p10-p90 of 3 races from 4 MTP)"


def test_it_says_nothing_after_too_few_races(meeting, soon):
    past_days(meeting, 2)
    assert told(meeting, 3) is None


UNKNOWN = {
    "long before the post": {"minute": 20},
    "no race was seen then": {"minute": 58},
    "the cap": {"prices": {"1": "99+"}, "text": "rules: [{name: long, kind: win_odds_above, threshold: 50}]"},
    "another market": {
        "market": "win_fixed",
        "text": "rules: [{name: x, kind: win_odds_below, threshold: 7-2, market: win_fixed}]",
    },
    "a pair": {
        "pairs": {("1", "2"): 20},
        "text": "rules: [{name: x, kind: exacta_payout_below, threshold: {payout: 90, base: 2}}]",
    },
}


def test_it_says_nothing_of_what_it_does_not_know(meeting, soon):
    past_days(meeting, 3)
    said = {why: told(meeting, 4 + number, **fields) for number, (why, fields) in enumerate(UNKNOWN.items())}
    assert said == dict.fromkeys(UNKNOWN)
    assert len(meeting.details()) == len(UNKNOWN)
