"""`evaluate` is a pure function that needs no database: boards by hand in, transitions and alerts out."""

from collections import Counter
from copy import deepcopy
from dataclasses import replace

import pytest
from board_views import MINUTE, RACE, START, view
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.evaluate import Transition, evaluate
from alerts.history import History, Takeout, glimpse
from alerts.limits import Identity, State
from alerts.rules import RuleSet
from alerts.rules.kinds import KINDS

STALE = 600_000
LABELS = ("1", "2", "3", "4")
TOLD = [
    {"name": "short", "kind": "win_odds_below", "threshold": "7-2"},
    {"name": "long", "kind": "win_decimal_above", "threshold": 9, "scope": {"program_numbers": ["2", "3"]}},
    {"name": "drop", "kind": "odds_drop", "percent": 25, "points": 2},
    {"name": "cheap", "kind": "exacta_payout_below", "threshold": {"payout": 20, "base": 2}},
    {"name": "rich", "kind": "exacta_payout_above", "threshold": {"payout": 90, "base": 2}, "min_pool": 1000},
    {"name": "value", "kind": "exacta_overlay", "percent": 20},
    {"name": "cross", "kind": "cross_pool"},
    {"name": "steam", "kind": "steam", "minutes": 10},
    {"name": "drift", "kind": "odds_drift", "percent": 30, "against": "previous"},
    {"name": "mine", "kind": "overlay_vs_line", "percent": 25},
    {"name": "pool", "kind": "pool_above", "threshold": 6000},
    {"name": "bet", "kind": "large_bet", "amount": 1000},
    {"name": "late", "kind": "win_odds_below", "threshold": 9, "minutes_to_post": [0, 5]},
    {"name": "twice", "kind": "win_odds_below", "threshold": 9, "for": 2, "send_resolved": True},
    {"name": "other", "kind": "win_odds_below", "threshold": 9, "scope": {"races": [2]}},
]


def rules(*told, **fields):
    return RuleSet(rules=tuple(KINDS[one["kind"]].model_validate(one) for one in told), **fields)


ALL = rules(*TOLD)
SHORT = rules(TOLD[0])


def history(*boards):
    return History(
        boards=[glimpse(board, STALE) for board in boards],
        previous=boards[-1] if boards else None,
        takeouts={"exacta": Takeout(0.185, assumed=False)},
        lines={"1": 4000, "3": 9000},
    )


def after(states, evaluation):
    """The states as they are stored."""
    moved = {each.identity: each.state for each in evaluation.transitions}
    return {identity: state for identity, state in {**states, **moved}.items() if state is not None}


profits = st.one_of(st.sampled_from([None, "SCR", "99+"]), st.floats(0.2, 80).map(lambda profit: round(profit, 1)))
pairs = st.dictionaries(
    st.sampled_from([f"{first}-{second}" for first in LABELS for second in LABELS if first != second]),
    st.integers(300, 20_000),
)


@st.composite
def boards(draw):
    made = []
    for number in range(draw(st.integers(1, 4))):
        prices = draw(st.dictionaries(st.sampled_from(LABELS), profits))
        cells = draw(pairs)
        grid = {"cap": draw(st.sampled_from([None, 9999]))}
        flags = draw(st.sampled_from([(), ("no_pairs",), ("late",)]))
        out = draw(st.sampled_from([(), (), ("2",)]))
        money = draw(st.dictionaries(st.sampled_from(LABELS), st.integers(0, 300_000)))
        told = {"amounts": money, "pool": sum(money.values()), "pairs": cells, "grid": grid}
        made.append(view(40 + 6 * number, prices, **told, flags=frozenset(flags), out=out))
    return made


def test_a_board_by_hand_is_enough():
    found = evaluate(view(50, {"1": 3, "2": 9}), History(), SHORT, {}, START + 50 * MINUTE)
    identity = Identity("short", f"race:{RACE.race_id}", "win_tote", "1")
    assert found.transitions == [Transition(identity, State("firing", 1, 4000, START + 50 * MINUTE))]
    [firing] = found.fired
    assert (firing.rule.name, firing.identity, firing.event, firing.reading.value) == ("short", identity, "fired", 4000)


@given(seen=boards())
@settings(max_examples=15, deadline=None)
def test_the_same_inputs_give_the_same_and_stay_what_they_were(seen):
    *before, board = seen
    known, states = history(*before), {}
    for earlier in before:
        states = after(states, evaluate(earlier, history(), ALL, states, earlier.fetched_at))
    kept = deepcopy((board, known, ALL.rules, states))
    found = evaluate(board, known, ALL, states, board.fetched_at)
    assert (board, known, ALL.rules, states) == kept
    same_board, same_history, _, same_states = kept
    read_again = rules(*TOLD)  # nothing but its rules counts of a rule set, whatever it has looked up before
    assert (
        evaluate(same_board, same_history, read_again, dict(reversed(same_states.items())), board.fetched_at) == found
    )


@given(seen=boards())
@settings(max_examples=15, deadline=None)
def test_a_witness_hears_one_judgement_per_rule_and_subject_and_changes_nothing(seen):
    *before, board = seen
    heard = []
    found = evaluate(board, history(*before), ALL, {}, board.fetched_at, heard.append)
    assert found == evaluate(board, history(*before), ALL, {}, board.fetched_at)
    told = Counter((one.rule, one.subject) for one in heard)
    assert max(told.values(), default=1) == 1
    whole = {rule for rule, subject in told if subject is None}
    assert not {rule for rule, subject in told if subject is not None and rule in whole}
    assert {one.rule for one in heard if one.step == "fired"} == {one.rule.name for one in found.fired}
    assert all(one.reason for one in heard if one.step == "skipped")
    assert "other" not in {one.rule for one in heard}


@given(seen=boards())
@settings(max_examples=15, deadline=None)
def test_the_same_board_again_tells_nothing_again(seen):
    """But for `for`, which counts boards, and for large bets, which leave no state: each is judged once by the engine."""
    *before, board = seen
    once = rules(*(told for told in TOLD if "for" not in told and told["kind"] != "large_bet"))
    states = after({}, evaluate(board, history(*before), once, {}, board.fetched_at))
    again = evaluate(board, history(*before), once, states, board.fetched_at)
    assert (list(again.fired), list(again.transitions)) == ([], [])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"is_primary": False}, "not the race's first source"),
        ({"status": "closed"}, "the race is closed"),
        ({"flags": frozenset({"late", "no_pairs"})}, "flagged late"),
        ({"source_time": START + 39 * MINUTE}, "stale: its source says it is 660 s old"),
    ],
)
def test_a_board_that_is_not_read_says_why_and_moves_nothing(fields, reason):
    heard = []
    board = view(50, {"1": 3}, **fields)
    firing = {Identity("short", "race:1", "win_tote", "1"): State("firing", 1, 3000, START)}
    for states in ({}, firing):
        found = evaluate(board, History(), SHORT, states, board.fetched_at, heard.append)
        assert (list(found.fired), list(found.transitions)) == ([], [])
    assert {(one.subject, one.step, one.reason) for one in heard} == {(None, "skipped", reason)}


@pytest.mark.parametrize(("age_ms", "read"), [(0, True), (90_000, True), (90_001, False)])
def test_how_old_a_board_may_be_is_the_file_s(age_ms, read):
    board = view(50, {"1": 3})
    old = replace(board, source_time=board.fetched_at - age_ms)
    found = evaluate(old, History(), rules(TOLD[0], stale_after=90), {}, board.fetched_at)
    assert bool(found.fired) is read


@pytest.mark.parametrize(
    ("fields", "gate"),
    [
        ({"minutes_to_post": [0, 5]}, "outside its window: 10 MTP"),
        ({"min_pool": 5001}, "win pool 5,000 < 5,001"),
    ],
)
def test_a_rule_that_is_shut_says_why(fields, gate):
    heard = []
    evaluate(view(50, {"1": 3}), History(), rules({**TOLD[0], **fields}), {}, START, heard.append)
    assert [(one.rule, one.subject, one.step, one.reason) for one in heard] == [("short", None, "skipped", gate)]


def test_every_step_of_an_identity_s_life():
    twice = rules(next(told for told in TOLD if told["name"] == "twice") | {"step": 1, "repeat": 10})
    states, steps = {}, []
    for minute, profit in enumerate([9, 8, 9, 8, 8, 8, 6.9, 6.9, 9.5, 11]):
        board = view(minute, {"1": profit})
        heard = []
        found = evaluate(board, History(), twice, states, board.fetched_at, heard.append)
        states = after(states, found)
        steps += [(one.step, [each.event for each in found.fired]) for one in heard]
    assert steps == [
        ("not crossed", []),
        ("pending", []),
        ("not crossed", []),
        ("pending", []),
        ("fired", ["fired"]),
        ("holding", []),
        ("further", ["further"]),
        ("holding", []),
        ("holding", []),
        ("resolved", ["resolved"]),
    ]
    assert states == {}


def test_a_large_bet_is_told_each_time_and_leaves_no_state():
    bets = rules({"name": "bet", "kind": "large_bet", "amount": 1000})
    before = view(40, {"1": 3}, amounts={"1": 100_000})
    for minute, amount, told in ((41, 250_000, 1), (42, 400_000, 1), (43, 401_000, 0)):
        board = view(minute, {"1": 3}, amounts={"1": amount})
        found = evaluate(board, history(before), bets, {}, board.fetched_at)
        assert (len(found.fired), list(found.transitions)) == (told, [])
        before = board


def test_a_further_level_tells_from_the_last_alert_and_a_change_from_its_reference():
    told = rules({**TOLD[0], "step": 0.5}, {"name": "drop", "kind": "odds_drop", "percent": 25, "step": 10})
    states = {
        Identity("short", "race:1", "win_tote", "1"): State("firing", 1, 4000, START),
        Identity("drop", "race:1", "win_tote", "1"): State("firing", 1, 30_000, START),
    }
    opening, last = view(40, {"1": 6}), view(49, {"1": 2.8})
    found = evaluate(view(50, {"1": 2}), history(opening, last), told, states, START + 50 * MINUTE)
    assert [(one.rule.name, one.event, one.reading.before) for one in found.fired] == [
        ("short", "further", 4000),
        ("drop", "further", 7000),
    ]


def test_states_of_other_rules_and_subjects_stay_where_they_are():
    states = {
        Identity("gone", "race:1", "win_tote", "1"): State("firing", 1, 4000, START),
        Identity("short", "race:1", "win_tote", "9"): State("firing", 1, 4000, START),
    }
    found = evaluate(view(50, {"1": 9}), History(), SHORT, states, START)
    assert (list(found.transitions), list(found.fired)) == ([], [])


@pytest.mark.parametrize(("track", "fires"), [("gp", True), ("GULF", True), ("AQU", False)])
def test_rules_of_other_tracks_are_not_looked_at(track, fires):
    heard = []
    scoped = rules({**TOLD[0], "scope": {"tracks": [track]}})
    board = view(50, {"1": 3})
    found = evaluate(board, History(), scoped, {}, START, heard.append)
    assert (bool(found.fired), bool(heard)) == (fires, fires)
    elsewhere = replace(board, race=replace(RACE, track_key="aqueduct", track_code="AQU"))
    assert bool(evaluate(elsewhere, History(), scoped, {}, START).fired) is not fires
