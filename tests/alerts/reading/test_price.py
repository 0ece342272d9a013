"""Price rules on boards by hand: what is compared with what, what is left out and why."""

from dataclasses import replace

import pytest
from board_views import view
from hypothesis import given
from hypothesis import strategies as st

from alerts.history import History, glimpse
from alerts.reading import READERS, Sheet
from alerts.reading.measure import lasting, percent, points_lost
from alerts.rules.kinds import KINDS
from horses_scrapy.odds import LADDER

prices = st.integers(1001, 200_000)
rungs = st.sampled_from([price / 1000 - 1 for price in LADDER[:-1]])


def rule(kind, **told):
    return KINDS[kind].model_validate({"name": "it", "kind": kind, **told})


def read(asked, *boards, **history):
    """Readings of the last board by subject, and why others have none."""
    left_out = {}

    def witness(one):
        left_out[one.subject] = one.reason

    *earlier, now = boards
    sheet = Sheet(now, History(boards=[glimpse(one, 600_000) for one in earlier], **history), 600_000, witness)
    return {reading.subject: reading for reading in READERS[type(asked)](asked, sheet)}, left_out


def values(asked, *boards, **history):
    return {subject: reading.value for subject, reading in read(asked, *boards, **history)[0].items()}


# --- Measures ----------------------------------------------------------------------------------------------------------


@given(prices, prices)
def test_a_move_has_the_sign_of_the_price_and_none_is_told_larger_than_it_is(reference, price):
    for moved, exact in (
        (percent(reference, price), (price - reference) / (reference - 1000) * 100_000),
        (points_lost(reference, price), (1000 / reference - 1000 / price) * 100_000),
    ):
        assert (moved > 0) <= (price > reference)
        assert (moved < 0) <= (price < reference)
        assert abs(exact) - 1.001 < abs(moved) < abs(exact) + 0.001


@given(prices, prices)
def test_points_do_not_depend_on_the_direction(first, second):
    assert points_lost(first, second) == -points_lost(second, first)


@given(prices, prices, prices)
def test_a_longer_price_has_risen_more(reference, first, second):
    shorter, longer = sorted((first, second))
    assert percent(reference, shorter) <= percent(reference, longer)
    assert points_lost(reference, shorter) <= points_lost(reference, longer)


@pytest.mark.parametrize(
    ("reference", "price", "in_percent", "in_points"),
    [
        (21_000, 16_000, -25_000, -1488),  # DOMAIN.md 3.8: both 25 % of the odds, 1.5 and 6.9 points
        (1800, 1600, -25_000, -6944),
        (3500, 1830, -66_800, -26_073),  # 3.50 -> 1.83 is 26 points
        (2000, 3000, 100_000, 16_666),
    ],
)
def test_measures(reference, price, in_percent, in_points):
    assert (percent(reference, price), points_lost(reference, price)) == (in_percent, in_points)


@pytest.mark.parametrize(("ms", "told"), [(0, "0 s"), (89_999, "89 s"), (90_000, "2 min"), (600_000, "10 min")])
def test_how_long_it_took(ms, told):
    assert lasting(ms) == told


# --- References --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("against", "reference", "note"),
    [
        ("open", 11_000, "from the open"),
        ("previous", 5000, "from the last board"),
        ({"minutes": 3}, 7000, "in 4 min"),
        ({"minutes": 4}, 7000, "in 4 min"),
        ({"minutes": 4.1}, 11_000, "in 20 min"),
    ],
)
@pytest.mark.parametrize("kind", ["odds_drop", "odds_drift"])
def test_what_a_move_is_measured_from(kind, against, reference, note):
    boards = [view(30, {"5": 10}), view(46, {"5": 6}), view(48, {"5": 4}), view(50, {"5": 3})]
    found, _ = read(rule(kind, percent=30, against=against), *boards)
    assert (found["5"].before, found["5"].note) == (reference, note)
    assert found["5"].value == (-1 if kind == "odds_drop" else 1) * percent(reference, 4000)


@pytest.mark.parametrize("against", ["open", "previous", {"minutes": 5}])
@pytest.mark.parametrize("earlier", [None, "99+", "SCR", 0])
def test_a_reference_that_is_no_price_is_passed_over(against, earlier):
    """0 stands for a return of the stake alone, of which no percentage can be taken."""
    asked = rule("odds_drop", percent=30, against=against)
    found, why = read(asked, view(40, {"5": earlier, "1": 2}), view(50, {"5": 3, "1": 2}))
    assert "5" not in found
    assert why["5"] == "no earlier price to compare with"


@pytest.mark.parametrize("told", [{"points": 3}, {"percent": 3}])
@pytest.mark.parametrize("against", ["open", "previous", "morning_line", {"minutes": 5}])
def test_nothing_is_measured_to_a_capped_price(told, against):
    board = with_lines(view(50, {"5": "99+"}), {"5": 5000})
    for kind in ("odds_drop", "odds_drift"):
        found, why = read(rule(kind, against=against, **told), view(40, {"5": 3}), board)
        assert (found, why) == ({}, {"5": "capped: only a floor is shown"})


def test_the_window_is_asked_of_an_open_and_a_previous_board_but_not_of_minutes_ago():
    boards = [view(30, {"5": 10}), view(50, {"5": 3})]
    near = {"percent": 10, "minutes_to_post": [0, 10]}
    assert values(rule("odds_drop", **near), *boards) == {}
    assert values(rule("odds_drop", **near, against="previous"), *boards) == {}
    assert values(rule("odds_drop", **near, against={"minutes": 10}), *boards) == {"5": 70_000}


@pytest.mark.parametrize("against", ["open", "previous", {"minutes": 5}])
def test_a_small_pool_is_no_reference(against):
    asked = rule("odds_drop", percent=10, against=against, min_pool=1000)
    assert values(asked, view(40, {"5": 10}, pool=99_999), view(50, {"5": 3})) == {}
    assert values(asked, view(40, {"5": 10}, pool=100_000), view(50, {"5": 3})) == {"5": 70_000}


@pytest.mark.parametrize("against", ["open", "previous", {"minutes": 5}])
def test_what_was_before_a_scratch_is_no_reference(against):
    asked = rule("odds_drop", percent=10, against=against)
    boards = [view(30, {"5": 10, "2": 2}), view(40, {"5": 8, "2": "SCR"}), view(50, {"5": 6, "2": "SCR"})]
    assert values(asked, *boards[:2]) == {}
    assert values(asked, *boards) == {"5": 25_000}
    back = view(55, {"5": 5, "2": 2})  # a horse that is put back is another field again
    assert values(asked, *boards, back) == {}


def test_the_open_is_told_as_since_a_scratch_only_where_the_rule_had_read_boards_before():
    boards = [view(30, {"5": 10, "2": 2}), view(45, {"5": 8, "2": "SCR"}), view(50, {"5": 6, "2": "SCR"})]
    assert read(rule("odds_drop", percent=10), *boards)[0]["5"].note == "since a scratch"
    late = rule("odds_drop", percent=10, minutes_to_post=[0, 20])
    assert read(late, *boards)[0]["5"].note == "from the open"


def test_percent_and_points_of_bands_must_both_hold():
    asked = rule("odds_drop", bands=[{"up_to": 10, "percent": 20}], points=10)
    found, why = read(asked, view(40, {"1": 9, "2": 1, "3": 20}), view(50, {"1": 6, "2": 0.5, "3": 5}))
    assert {subject: one.confirmed for subject, one in found.items()} == {"1": False, "2": True}
    assert {one.limit.threshold for one in found.values()} == {20_000}
    assert why == {"3": "no band holds the price that it moved from"}


@pytest.mark.parametrize(("points", "enough"), [(5, True), (5.001, False)])
def test_just_enough_points_are_enough(points, enough):
    asked = rule("odds_drop", percent=20, points=points)
    found, _ = read(asked, view(40, {"5": 19}), view(50, {"5": 9}))  # 5 % to 10 %
    assert found["5"].confirmed is enough


# --- Steam -------------------------------------------------------------------------------------------------------------


@given(st.lists(rungs, min_size=2, max_size=12), st.integers(1, 6))
def test_steam_is_the_largest_rise_within_its_minutes(odds, minutes):
    boards = [view(minute, {"5": shown}) for minute, shown in enumerate(odds)]
    paid = [round((shown + 1) * 1000) for shown in odds]
    window = paid[:-1][-minutes:]
    assert values(rule("steam", minutes=minutes), *boards) == {
        "5": max(-points_lost(earlier, paid[-1]) for earlier in window)
    }


def test_steam_tells_how_long_ago_the_longest_price_was_last_seen():
    boards = [view(45, {"5": 7}), view(46, {"5": 9}), view(47, {"5": 9}), view(49, {"5": 8}), view(50, {"5": 3})]
    reading = read(rule("steam"), *boards)[0]["5"]
    assert (reading.before, reading.note) == (10_000, "in 3 min")


def test_no_steam_without_a_board_within_the_minutes():
    _, why = read(rule("steam", minutes=3), view(46, {"5": 9}), view(50, {"5": 3}))
    assert why == {"5": "no price of the last 3 min to compare with"}


# --- Lines -------------------------------------------------------------------------------------------------------------


def with_lines(board, lines):
    return replace(
        board, runners=tuple(replace(one, morning_line=lines.get(one.program_number)) for one in board.runners)
    )


@pytest.mark.parametrize("line", [None, 1000, 100_000, 120_000])
def test_no_morning_line_or_one_that_says_99_or_more_is_compared_with_nothing(line):
    board = with_lines(view(50, {"5": 3}), {"5": line})
    for asked in (rule("overlay_vs_morning_line", percent=20), rule("odds_drop", percent=5, against="morning_line")):
        assert read(asked, board) == ({}, {"5": "no morning line"})


def test_the_morning_line_of_an_entry_is_of_its_first_horse_that_runs():
    board = with_lines(view(50, {"1": 6}), {"1": 3000})
    [alone] = board.runners
    other = replace(alone, entry_id=99, program_number="1A", morning_line=5000)
    asked = rule("overlay_vs_morning_line", percent=20)
    assert values(asked, replace(board, runners=(alone, other))) == {"1": 200_000}
    assert values(asked, replace(board, runners=(replace(alone, status="scratched"), other))) == {"1": 50_000}


def test_an_overlay_keeps_what_the_board_before_showed_and_the_line_apart():
    boards = [view(40, {"5": 4}), view(50, {"5": 6, "1": 3})]
    found, why = read(rule("overlay_vs_line", percent=20), *boards, lines={"5": 3700, "9": 2000})
    assert (found["5"].value, found["5"].before, found["5"].against) == (122_222, 5000, 3700)
    assert why == {"1": "no line of yours"}


def test_a_price_under_the_line_is_below_nothing():
    assert values(rule("overlay_vs_line", percent=20), view(50, {"5": 2}), lines={"5": 5000}) == {"5": -50_000}


# --- Levels ------------------------------------------------------------------------------------------------------------


@given(st.lists(rungs, min_size=1, max_size=8, unique=True))
def test_a_level_reads_every_price_that_runs_in_program_order(odds):
    shown = {str(number): profit for number, profit in enumerate(odds, 1)}
    found, _ = read(rule("win_odds_below", threshold=3), view(50, {**shown, "30": "SCR", "31": None}))
    assert list(found) == sorted(shown, key=int)


# --- Rules that share what they read -----------------------------------------------------------------------------------

BANDS = {"kind": "odds_drop", "bands": [{"percent": 20}]}
ASKED = [
    {"kind": "win_odds_below", "threshold": 3},
    {"kind": "win_odds_above", "threshold": 3},
    {"kind": "win_odds_below", "threshold": 3, "market": "win_fixed"},
    {"kind": "odds_drop", "percent": 20},
    {"kind": "odds_drop", "percent": 20, "points": 30},
    {"kind": "odds_drop", "points": 5},
    {"kind": "odds_drop", "percent": 20, "against": "previous"},
    {"kind": "odds_drop", "percent": 20, "against": {"minutes": 2}},
    {"kind": "odds_drop", "percent": 20, "against": {"minutes": 9}},
    {"kind": "odds_drop", "percent": 20, "against": "morning_line"},
    {"kind": "odds_drop", "percent": 20, "minutes_to_post": [0, 12]},
    {"kind": "odds_drop", "percent": 20, "min_pool": 4000},
    {"kind": "odds_drop", "percent": 20, "market": "win_fixed"},
    BANDS,
    {**BANDS, "rearm": 3},
    {**BANDS, "step": 3},
    {**BANDS, "for": 3},
    {**BANDS, "points": 30},
    {"kind": "odds_drift", "percent": 20},
    {"kind": "odds_drift", "points": 20},
    {"kind": "steam", "minutes": 2},
    {"kind": "steam", "minutes": 9},
    {"kind": "steam", "minutes": 9, "min_pool": 4000},
    {"kind": "steam", "minutes": 9, "market": "win_fixed"},
    {"kind": "overlay_vs_line", "percent": 20},
    {"kind": "overlay_vs_morning_line", "percent": 20},
]


def test_a_rule_reads_the_same_beside_any_other_rule():
    boards = [view(40, {"5": 9, "1": 1}, pool=300_000), view(45, {"5": 8, "1": 2}), view(49, {"5": 5, "1": 2.5})]
    now = with_lines(view(50, {"5": 3, "1": 4, "2": "99+"}), {"5": 4000, "1": 3000})
    fixed = {("win_fixed", "5"): now.prices["win_tote", "5"]}
    boards, now = (
        [replace(one, prices={**one.prices, **fixed}) for one in boards],
        replace(now, prices={**now.prices, **fixed}),
    )
    history = History(boards=[glimpse(one, 600_000) for one in boards], lines={"5": 3000})
    asked = [rule(**told) for told in ASKED]
    for order in (asked, asked[::-1]):
        shared = Sheet(now, history, 600_000)
        together = [list(READERS[type(one)](one, shared)) for one in order]
        alone = [list(READERS[type(one)](one, Sheet(now, history, 600_000))) for one in order]
        assert together == alone
    assert len({repr(readings) for readings in together}) >= len(ASKED) - 2
