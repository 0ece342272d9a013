"""Pair rules on boards by hand: what is read, what is left out and why, and what the alert says of its numbers."""

from dataclasses import replace
from itertools import permutations

import pytest
from board_views import MINUTE, START, runner, view

from alerts.evaluate import evaluate
from alerts.history import History, Takeout, glimpse
from alerts.rules import RuleSet
from alerts.rules.kinds import KINDS
from alerts.wording import of_board
from horses_scrapy.storage.board_view import PoolView, Shown

MONEY = {"1": 50_000, "2": 30_000, "3": 20_000}  # chances 0.5, 0.3, 0.2
FAIR = {"1-2": 543, "2-1": 761, "1-3": 815, "3-1": 1304, "2-3": 1902, "3-2": 2173}  # cents for 2, 18.5% kept
KNOWN = {"exacta": Takeout(0.185, assumed=False)}
SIX = {"1": 2.5, "2": 0.6, "3": 12, "4": 8, "5": 8, "6": 30}


def judge(told, board, takeouts=KNOWN, previous=None):
    """Alerts, and what was left out: (subject, reason)."""
    rule = KINDS[told["kind"]].model_validate({"name": "it", **told})
    boards = [] if previous is None else [glimpse(previous, 600_000)]
    left_out = []

    def witness(one):
        if one.step == "skipped":
            left_out.append((one.subject, one.reason))

    history = History(boards=boards, previous=previous, takeouts=takeouts)
    found = evaluate(board, history, RuleSet(rules=(rule,)), {}, board.fetched_at, witness)
    return [of_board(firing, board, history) for firing in found.fired], left_out


OVERLAY = {"kind": "exacta_overlay", "percent": 20}
CROSS = {"kind": "cross_pool"}


def test_the_fair_grid_itself_is_no_overlay_and_a_fifth_more_is():
    assert judge({**OVERLAY, "percent": 0.5}, view(amounts=MONEY, pairs=FAIR)) == ([], [])
    told, _ = judge(OVERLAY, view(amounts=MONEY, pairs={**FAIR, "3-1": 1565, "2-1": 912}))
    assert [(one.what, one.move) for one in told] == [("exacta 3-1", "15.65 USD for 2")]  # 912 is 19.9% over 760.67


def test_an_overlay_names_its_model_takeout_base_currency_and_chances():
    [told], _ = judge(OVERLAY, view(amounts=MONEY, pairs={**FAIR, "1-2": 700}))
    assert told.text == (
        "GP R1 exacta 1-2 Horse 1 / Horse 2 7.00 USD for 2 (10 MTP) 28.8% over fair 5.43 (at least 20%) [exacta_overlay: it]"
    )
    assert told.notes == (
        "fair 5.43 after 18.5% takeout, by Harville: an estimate",
        "exacta payouts are for 2 USD, the display's own estimates",
        "chances from the win pool, by its money on each: #1 50.0%, #2 30.0%",
    )
    assert told.pool == "5,000.00 USD (exacta)"


@pytest.mark.parametrize(
    ("basis", "notes"),
    [
        (
            "display",
            (
                "fair 12.29 with takeout assumed 20%, by Henery, gamma 0.81: an estimate",
                "exacta payouts are for 2 USD, the display's own estimates",
                "chances from the display, its odds scaled to 100%: #1 23.0%, #2 50.3%",
            ),
        ),
        (
            "pool",
            (
                "fair 12.29 with takeout assumed 20%, by Henery, gamma 0.81: an estimate",
                "exacta payouts are for 2 USD, exact by the pool",
                "chances from the win pool, by its prices scaled to 100%: #1 23.0%, #2 50.3%",
            ),
        ),
    ],
)
def test_without_money_on_each_the_chances_are_the_prices(basis, notes):
    board = view(prices=SIX, pairs={"1-2": 1500}, basis=basis)
    [told], _ = judge({**OVERLAY, "gamma": 0.81}, board, {"exacta": Takeout(0.2, assumed=True)})
    assert told.notes == notes


@pytest.mark.parametrize("money", [{"6": 0}, {}], ids=["none on #6", "#6 not shown"])
def test_money_on_some_is_not_enough(money):
    board = view(prices=SIX, amounts={**dict.fromkeys(["1", "2", "3", "4", "5"], 1000), **money}, pairs={"1-2": 1500})
    [told], _ = judge(OVERLAY, board)
    assert told.notes[-1].startswith("chances from the display")


def test_who_runs_is_known_from_the_card_the_tote_s_prices_and_the_pairs():
    nobody = replace(view(prices={"1": 1, "2": 1}, pairs={"1-2": 900}), runners=())
    assert [one.condition for one in judge(OVERLAY, nobody)[0]] == ["176.1% over fair 3.26 (at least 20%)"]
    elsewhere = {**nobody.prices, ("win_fixed", "9"): Shown(3000, "active")}
    assert judge(OVERLAY, replace(nobody, prices=elsewhere)) == judge(OVERLAY, nobody)
    unknown = "#9 has no win price, so nobody's chance is known"
    for more in ({("win_tote", "9"): Shown(None, "active")}, {("win_tote", "9"): Shown(None, "missing")}):
        assert judge(OVERLAY, replace(nobody, prices={**nobody.prices, **more})) == ([], [(None, unknown)])
    assert judge(OVERLAY, replace(nobody, runners=(runner("9"),))) == ([], [(None, unknown)])


@pytest.mark.parametrize(("pair", "doubted"), [("6-1", True), ("1-6", False), ("3-1", False)])
def test_an_overlay_on_a_longshot_to_win_is_doubted(pair, doubted):
    [told], _ = judge(OVERLAY, view(prices=SIX, pairs={pair: 900_000}))
    assert ("overlays on longshots are mostly model error, and #6 is one" in told.notes) is doubted


def test_a_base_of_1_is_judged_and_told_as_1():
    board = view(
        amounts=MONEY, pairs={pair: paid // 2 for pair, paid in FAIR.items()} | {"1-2": 350}, grid={"base": 100}
    )
    [told], _ = judge(OVERLAY, board)
    assert (told.move, told.condition) == ("3.50 USD for 1", "28.8% over fair 2.72 (at least 20%)")


def test_a_currency_without_cents():
    board = view(amounts=MONEY, pairs={**dict.fromkeys(FAIR, 1), "1-2": 400}, grid={"currency": "JPY", "base": 100})
    board = replace(board, pools={"win": PoolView(100_000, "JPY", MONEY), "exacta": PoolView(7000, "JPY", {})})
    [told], _ = judge(OVERLAY, board)
    assert (told.move, told.condition, told.pool) == (
        "400 JPY for 100", "47.2% over fair 272 (at least 20%)", "7,000 JPY (exacta)",
    )  # fmt: skip


NEVER = "capped: only a floor is shown"
STILL = "the pair prices have stood still for 11 min"


@pytest.mark.parametrize(
    ("board", "left_out"),
    [
        (view(amounts=MONEY, pairs={"1-2": 99_900}, grid={"cap": 99_900}), [("1-2", NEVER)]),
        (
            view(prices={"1": 1, "2": 1, "3": "99+"}, pairs={"1-3": 990_000, "3-1": 990_000}),
            [("1-3", "the win price of #3 is capped: only a floor is shown"),
             ("3-1", "the win price of #3 is capped: only a floor is shown")],
        ),
        (view(prices={"1": 1, "2": None, "3": 3}, pairs={"1-3": 9000}),
         [(None, "#2 has no win price, so nobody's chance is known")]),
        (view(prices={"1": 1, "3": 3}, pairs={"1-3": 9000, "1-4": 9000}),
         [(None, "#4 has no win price, so nobody's chance is known")]),
        (view(prices={"1": 1, "2": "SCR"}, pairs={"1-2": 9000}), [(None, "fewer than two interests run")]),
        (view(prices={"1": 1, "2": 1}, pairs={"1-2": 9000}, flags=frozenset({"no_pairs"})),
         [(None, "the pair prices could not be had")]),
        (view(prices={"1": 1, "2": 1}), [(None, "no exacta prices are shown")]),
        (view(prices={"1": 1, "2": 1}, pairs={"1-2": 9000}, grid={"fetched_at": START + 39 * MINUTE}), [(None, STILL)]),
    ],
    ids=["capped cell", "capped price", "no price", "a pair of an unknown", "one left", "no pairs", "no grid", "old grid"],
)  # fmt: skip
def test_no_overlay_of_what_is_not_known(board, left_out):
    assert judge(OVERLAY, board) == ([], left_out)


@pytest.mark.parametrize("kind", [OVERLAY, {**CROSS, "percent": 10}])
def test_a_grid_as_old_as_a_board_may_be_is_read(kind):
    cells = {**FAIR, "1-2": 990}
    board = view(amounts=MONEY, pairs=cells, grid={"fetched_at": START + 40 * MINUTE})
    assert judge(kind, board) == judge(kind, view(amounts=MONEY, pairs=cells))
    told, left_out = judge(kind, replace(board, fetched_at=board.fetched_at + 60_000))
    assert (told, left_out) == ([], [(None, STILL)])


def test_no_overlay_without_a_takeout():
    board = view(amounts=MONEY, pairs={"1-2": 9000})
    assert judge(OVERLAY, board, {}) == ([], [(None, "no takeout of the exacta pool is given")])


def test_a_scratched_horse_s_pairs_are_left_out_and_its_chance_goes_to_the_others():
    board = view(prices={"1": 1, "2": 1, "3": 4}, pairs={"1-2": 652, "1-3": 9900}, out=("3",))
    [told], left_out = judge({**OVERLAY, "percent": 100}, board)
    assert (told.what, told.condition, left_out) == ("exacta 1-2", "100% over fair 3.26 (at least 100%)", [])


def test_only_pairs_of_the_scope_are_told_or_explained():
    told = {**OVERLAY, "scope": {"program_numbers": ["3"]}}
    board = view(amounts=MONEY, pairs={"1-2": 990, "1-3": 99_900, "3-2": 9900}, grid={"cap": 99_900})
    alerts, left_out = judge(told, board)
    assert ([one.what for one in alerts], left_out) == (["exacta 3-2"], [("1-3", NEVER)])


# --- What the grid says of the winner ----------------------------------------------------------------------------------


def grid(chances, takeout=0.185):
    """Cents for 2 of a grid whose rows are these chances, each horse's spread evenly."""
    share = {first: chance / (len(chances) - 1) for first, chance in chances.items()}
    return {f"{a}-{b}": round(200 * (1 - takeout) / share[a]) for a, b in permutations(chances, 2)}


def test_a_cross_pool_alert_says_both_chances_and_where_they_are_from():
    [told], left_out = judge(CROSS, view(amounts=MONEY, pairs=grid({"1": 0.46, "2": 0.26, "3": 0.28})))
    assert told.text == (
        "GP R1 #3 Horse 3 exacta pool 28.0% vs win pool 20.0% (10 MTP) 40.1% above the win pool (at least 30%) [cross_pool: it]"
    )
    assert told.notes == (
        "chances from the win pool, by its money on each",
        "exacta payouts are for 2 USD, the display's own estimates",
        "takeout cancels out here; the exacta prices themselves imply 18.5%",
    )
    assert left_out == []


@pytest.mark.parametrize(
    ("side", "what", "condition"),
    [
        ("exacta_higher", "#3", "100% above the win pool (at least 39%)"),
        ("exacta_lower", "#1", "40% below the win pool (at least 39%)"),
    ],
)
def test_each_side_is_told_of_its_own(side, what, condition):
    board = view(amounts=MONEY, pairs=grid({"1": 0.3, "2": 0.3, "3": 0.4}))
    alerts, _ = judge({**CROSS, "percent": 39, "side": side}, board)
    assert [(one.what, one.condition) for one in alerts] == [(what, condition)]


def test_a_grid_that_agrees_is_silent_whatever_its_takeout():
    for takeout in (0, 0.185, 0.3):
        board = view(amounts=MONEY, pairs=grid({"1": 0.5, "2": 0.3, "3": 0.2}, takeout))
        for side in ("exacta_higher", "exacta_lower"):
            assert judge({**CROSS, "percent": 2, "side": side}, board) == ([], [])


FIVE = {"1": 0.4, "2": 0.15, "3": 0.15, "4": 0.15, "5": 0.15}
PRICES = {"1": 1, "2": 4, "3": 4, "4": 4, "5": 4}


def without(cells, *missing):
    return {pair: paid for pair, paid in cells.items() if pair not in missing}


@pytest.mark.parametrize(
    ("pairs", "left_out"),
    [
        (without(grid(FIVE), "1-2"), [("1", "1 of its 4 pairs are not shown")]),
        (without(grid(FIVE), "1-2", "2-3"),
         [("1", "1 of its 4 pairs are not shown"), ("2", "1 of its 4 pairs are not shown")]),
        (without(grid(FIVE), "1-2", "2-3", "3-4"), [(None, "3 of 20 pairs are not shown")]),
    ],
    ids=["a hole", "a tenth", "more than a tenth"],
)  # fmt: skip
def test_holes_of_a_grid(pairs, left_out):
    alerts, why = judge({**CROSS, "percent": 500}, view(prices=PRICES, pairs=pairs))
    assert (alerts, why) == ([], left_out)


def test_a_row_of_floors_is_not_read_and_one_floor_is():
    capped = {**grid(FIVE), "1-2": 99_900, "5-1": 99_900, "5-2": 99_900, "5-3": 99_900, "5-4": 99_900}
    board = view(prices=PRICES, pairs=capped, grid={"cap": 99_900})
    _, left_out = judge(CROSS, board)
    assert left_out == [("5", "too many of its pairs are capped: only floors are shown")]


def test_a_capped_win_price_is_no_chance_to_compare_with():
    board = view(prices={"1": 1, "2": 1, "3": "99+"}, pairs=grid({"1": 0.45, "2": 0.45, "3": 0.1}))
    assert judge(CROSS, board) == ([], [("3", "its win price is capped: only a floor is shown")])


# --- Levels ------------------------------------------------------------------------------------------------------------

BELOW = {"kind": "exacta_payout_below", "threshold": {"payout": 20, "base": 2}}
ABOVE = {"kind": "exacta_payout_above", "threshold": {"payout": 20, "base": 2}}


def test_a_floor_is_never_below_and_may_be_above():
    board = view(prices={"1": 1, "2": 1}, pairs={"1-2": 1900, "2-1": 1899}, grid={"cap": 1900})
    told, left_out = judge(BELOW, board)
    assert ([one.what for one in told], left_out) == (["exacta 2-1"], [("1-2", NEVER)])
    told, left_out = judge({**ABOVE, "threshold": {"payout": 18, "base": 2}}, board)
    assert [one.move for one in told] == ["19.00+ USD for 2", "18.99 USD for 2"]


def test_a_payout_names_its_base_and_origin():
    [told], _ = judge(BELOW, view(prices={"1": 1, "2": 1}, pairs={"1-2": 950}, grid={"base": 100}))
    assert told.notes == ("exacta payouts are for 2 USD, the display's own estimates",)


@pytest.mark.parametrize(("cap", "move"), [(None, "25.00 -> 19.00 USD for 2"), (2500, "19.00 USD for 2")])
def test_a_pay_out_moved_from_the_board_before_unless_that_was_a_floor(cap, move):
    before = view(49, prices={"1": 1, "2": 1}, pairs={"1-2": 2500}, grid={"cap": cap})
    [told], _ = judge(BELOW, view(prices={"1": 1, "2": 1}, pairs={"1-2": 1900}, grid={"cap": cap}), previous=before)
    assert told.move == move


@pytest.mark.parametrize("base", [100, 200, 300])
@pytest.mark.parametrize("units", [1, 2, 5])
def test_levels_compare_per_unit_of_the_bet(base, units):
    """20 for 2 is 10 for 1, whatever either is shown for; at the level itself nothing is crossed."""
    told = {**BELOW, "threshold": {"payout": 10 * units, "base": units}}
    for cents, fires in ((base * 10, False), (base * 10 - 1, True)):
        alerts, _ = judge(told, view(prices={"1": 1, "2": 1}, pairs={"1-2": cents}, grid={"base": base}))
        assert bool(alerts) is fires
