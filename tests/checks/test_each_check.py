"""Each check by itself: what it flags, what it says, and what it must let pass."""

import pytest
from shown_boards import BOARD, DECIMAL, board, entries, grid, terms

from horses_scrapy.checks import CHECKS, Context, Earlier, Runner, Standing, findings

SIX = {"1": 3500, "2": 1600, "3": 13_000, "4": 9000, "5": 9000, "6": 31_000}
"""5-2, 3-5, 12, 8, 8, 30: they add up to 1.242."""


def found(item, **context) -> dict[str, str]:
    return {finding.name: finding.text for finding in findings(item, Context(**context))}


def card(*labels, out=()):
    return tuple(Runner(entry.label, entry.horse, entry.status) for entry in entries(*labels, out=out))


def test_every_check_is_named_as_the_flag_that_it_sets():
    assert [check.__name__ for check in CHECKS] == [
        "overround", "pool_fell", "display_vs_pool", "placeholder", "runner_count", "frozen", "exacta_sum", "orientation",
    ]  # fmt: skip


def test_a_board_without_prices_says_nothing():
    assert found(board(status="scheduled"), runners=card("1", "2", "3")) == {}


OVERROUND = {
    "a level race at 16 %": (board(SIX, source=BOARD), {"win": terms(0.16)}, False),
    "the same at 26 %": (board(SIX, source=BOARD), {"win": terms(0.26)}, True),
    "nothing is known of the takeout": (board(SIX, source=BOARD), {}, False),
    "the favourite misread": (board({**SIX, "2": 16_000}, source=BOARD), {}, True),
    "the favourite not read": (board({**SIX, "2": None}, source=BOARD), {}, True),
    "profit read as decimal": (board({label: price - 1000 for label, price in SIX.items() if price > 2000}), {}, True),
    "all but one unpriced, all the money on it": (board({"1": 1050, "2": None, "3": None}), {}, False),
    "a bookmaker at 12 %": (board({"1": 2000, "2": 2500, "3": 4500}, market="win_fixed"), {}, False),
    "a bookmaker who gives money away": (board({"1": 3000, "2": 4000, "3": 6000}, market="win_fixed"), {}, True),
    "a bookmaker after a scratch": (board({"1": 2500, "2": 4000, "3": "SCR"}, market="win_fixed"), {}, False),
    "a bookmaker who prices some": (board({"1": 3000, "2": 4000, "3": None}, market="win_fixed"), {}, False),
    "best backs": (board({"1": 2000, "2": 3000, "3": 5000}, market="win_back"), {}, False),
    "backs that anybody would take": (board({"1": 2200, "2": 3500, "3": 6000}, market="win_back"), {}, True),
    "best lays": (board({"1": 2100, "2": 3100, "3": 5500}, market="win_lay"), {}, False),
    "an exchange in running": (board({"1": 1010, "2": 100_000}, market="win_lay", status="closed"), {}, False),
    "places are not one winner": (board({"1": 1100, "2": 1300, "3": 1600}, market="place_back"), {}, False),
}  # fmt: skip


@pytest.mark.parametrize("case", OVERROUND)
def test_overround(case):
    item, known, flagged = OVERROUND[case]
    assert ("overround" in found(item, terms=known)) is flagged


def test_half_a_dollar_behind_a_price_is_no_market():
    item = board({"1": 22_200, "2": 22_200, "3": 1040}, pools={("win", None): 1300}, currency="AUD")
    assert found(item)["overround"] == (
        "overround: expected a market: at least one unit of money on each price, "
        "found 0.53 AUD on #1, by its price, of 13.00 AUD"
    )


def before(totals=None, scratched=(), standing=None) -> Earlier:
    return Earlier(totals=totals or {}, scratched=frozenset(scratched), standing=standing or {})


POOLS = {
    "it grew": (10_000, 10_001, {}, False),
    "it fell": (178_264_400, 172_577_800, {}, True),
    "cancelled tickets": (349_510_900, 349_360_800, {}, False),
    "one dollar of a small pool": (10_000, 9900, {}, False),
    "two dollars of a small pool": (10_000, 9800, {}, True),
    "a horse was scratched by the card": (10_000, 5000, {"scratched_since": frozenset({"2"})}, False),
}


@pytest.mark.parametrize("case", POOLS)
def test_pool_fell(case):
    then, now, around, flagged = POOLS[case]
    item = board(pools={("exacta", None): now, ("win", None): 1})
    assert ("pool_fell" in found(item, earlier=before({"exacta": then}), **around)) is flagged


def test_pool_fell_names_the_pool_and_a_scratch_on_the_board_explains_it():
    item = board(pools={("win", None): 5000})
    assert found(item, earlier=before({"win": 10_000}))["pool_fell"] == (
        "pool_fell: expected at least win 100.00 USD while nobody is scratched, found win 50.00 USD"
    )
    out = board({"1": "SCR", "2": None}, pools={("win", None): 5000})
    assert "pool_fell" not in found(out, earlier=before({"win": 10_000}))
    assert "pool_fell" in found(out, earlier=before({"win": 10_000}, scratched=["1"]))


def test_a_price_that_is_gone_may_be_a_scratch():
    stood = {"win": Standing(None, {("1",): 2000, ("2",): 2000})}
    item = board({"1": 2000, "2": 2000}, pools={("win", None): 5000})
    assert "pool_fell" in found(item, earlier=before({"win": 10_000}, standing=stood))
    gone = board({"1": 2000}, pools={("win", None): 5000})
    assert "pool_fell" not in found(gone, earlier=before({"win": 10_000}, standing=stood))


def test_what_is_on_offer_comes_and_goes():
    assert found(board(pools={("win_back", None): 5}), earlier=before({"win_back": 10_000})) == {}


DISPLAY = {
    "the rung of its money": (BOARD, 3000, False),
    "one rung off": (BOARD, 2800, False),
    "three rungs off": (BOARD, 4000, True),
    "as computed": (DECIMAL, 3300, False),
    "2 % off": (DECIMAL, 3370, False),
    "10 % off": (DECIMAL, 3700, True),
}


@pytest.mark.parametrize("case", DISPLAY)
def test_display_vs_pool(case):
    """25 000 of 100 000 at 16 %: 3.36, so 3.30 for 1 with dime breakage, and 2-1 on a board."""
    source, price, flagged = DISPLAY[case]
    pools = {("win", None): 10_000_000, ("win", "1"): 2_500_000}
    item = board({"1": price}, source=source, pools=pools)
    assert ("display_vs_pool" in found(item, terms={"win": terms(0.16)})) is flagged


def test_display_vs_pool_says_what_the_money_says():
    item = board({"1": 7000}, source=BOARD, pools={("win", None): 10_000_000, ("win", "1"): 2_500_000})
    assert found(item, terms={"win": terms(0.16)})["display_vs_pool"] == (
        "display_vs_pool: expected #1 at 2-1 to 2-1: 2500000 of 10000000 (minor units) are on it, found 6-1"
    )


def test_one_price_that_no_takeout_explains():
    money = {("win", None): 10_000_000, ("win", "1"): 2_500_000, ("win", "2"): 5_000_000, ("win", "3"): 2_500_000}
    assert "display_vs_pool" not in found(board({"1": 3300, "2": 1600, "3": 3300}, pools=money))
    assert "display_vs_pool" in found(board({"1": 3300, "2": 1300, "3": 3300}, pools=money))


PLACEHOLDERS = {
    "three alike": (board({"1": 5000, "2": 5000, "3": 5000}), {}, True),
    "two alike": (board({"1": 1700, "2": 1700}), {}, False),
    "nothing shown": (board(dict.fromkeys("123")), {}, False),
    "as race 3": (board(SIX, source=BOARD), {3: dict(SIX), 4: {"1": 2000}}, True),
    "nearly as race 3": (board(SIX, source=BOARD), {3: {**SIX, "6": 21_000}}, False),
    "four as race 3": (board({"1": 3000, "2": 3000, "3": 4000, "4": 6000}), {3: {"1": 3000, "2": 3000, "3": 4000, "4": 6000}}, False),
}  # fmt: skip


@pytest.mark.parametrize("case", PLACEHOLDERS)
def test_placeholder(case):
    item, elsewhere, flagged = PLACEHOLDERS[case]
    assert ("placeholder" in found(item, elsewhere=elsewhere)) is flagged


def test_runner_count_names_who_is_missing():
    item = board({"1": 2000, "3": "SCR", "7": 3000})
    told = found(item, runners=card("1", "2", "3", "4", out=["4"]))["runner_count"]
    assert told == (
        "runner_count: expected the 3 interests of the card, found a board without #2 Horse 2 and with #7, not on the card"
    )


def test_runner_count_has_the_bounds_of_the_track():
    item = board({str(number): 10_000 for number in range(1, 9)})
    assert "runner_count" not in found(item, min_runners=8, max_runners=8)
    assert found(item, max_runners=7)["runner_count"] == "runner_count: expected 2 to 7 runners, found 8"
    assert "runner_count" in found(item, min_runners=9)
    assert "runner_count" in found(board({"1": 1100, "2": "SCR"}), runners=card("1", "2", out=["2"]))


def test_coupled_horses_are_one_interest_of_the_board():
    runners = (Runner("1", "Alpha", "active"), Runner("1", "Alphabet", "scratched"), Runner("2", "Bravo", "active"))
    assert found(board({"1": 1700, "2": 1700}), runners=runners) == {}


FROZEN = {
    "the pool grew by half, cents": (DECIMAL, 150, {}, True),
    "it grew by 5 %": (DECIMAL, 105, {}, False),
    "one price moved": (DECIMAL, 150, {"6": 30_000}, False),
    "it grew by half, rungs": (BOARD, 150, {}, False),
    "it doubled, rungs": (BOARD, 200, {}, True),
}


@pytest.mark.parametrize("case", FROZEN)
def test_frozen_win_prices(case):
    source, percent, moved, flagged = FROZEN[case]
    stood = Standing(100_000, {(label,): price for label, price in SIX.items()})
    item = board({**SIX, **moved}, source=source, pools={("win", None): 1000 * percent})
    assert ("frozen" in found(item, earlier=before(standing={"win": stood}))) is flagged


def test_after_the_off_final_totals_come_in():
    stood = Standing(100_000, {(label,): price for label, price in SIX.items()})
    item = board(SIX, pools={("win", None): 300_000}, status="closed")
    assert "frozen" not in found(item, earlier=before(standing={"win": stood}))


def test_a_capped_pair_is_a_floor_in_the_sum():
    """12 pairs of four level horses pay 9.60 for 1 each at 20 %: at a cap of 5 for 1 they may still be that."""
    level = {(a, b): 1920 for a in "1234" for b in "1234" if a != b}
    shown = {label: 3200 + int(label) for label in "1234"}
    known = {"exacta": terms(0.2), "win": terms(0.2)}
    assert found(board(shown, grids=[grid(level)]), terms=known) == {}
    capped = dict.fromkeys(level, 1000)
    assert found(board(shown, grids=[grid(capped, cap=1000)]), terms=known) == {}
    assert "exacta_sum" in found(board(shown, grids=[grid(capped)]), terms=known)


def test_a_matrix_that_is_not_full_is_not_added_up():
    level = {(a, b): 500 for a in "1234" for b in "1234" if a != b}
    shown = {label: 3200 + int(label) for label in "1234"}
    assert "exacta_sum" in found(board(shown, grids=[grid(level)]))
    del level["4", "1"]
    assert "exacta_sum" not in found(board(shown, grids=[grid(level)]))
