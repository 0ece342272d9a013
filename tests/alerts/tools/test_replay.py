"""A replay gives what the live run gave, to the letter, on days made up at random (scenarios: test_scenario_files.py)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.tools.against_live import differences, line_told
from horses_scrapy.items import Source

RULES = """
rules:
  - {name: short, kind: win_odds_below, threshold: 3-1, for: 2, step: 0.5}
  - {name: out, kind: win_odds_above, threshold: 8-1, send_resolved: true}
  - {name: drop, kind: odds_drop, percent: 25, min_pool: 1000}
  - {name: jump, kind: odds_drop, points: 4, against: previous}
  - {name: near, kind: win_odds_below, threshold: 6-1, rearm: 6-1, minutes_to_post: [0, 55], repeat: 2}
  - {name: ann, kind: win_odds_below, threshold: 5-1, rearm: 5-1, scope: {jockeys: [Ann]}}
  - {name: pair, kind: exacta_payout_below, threshold: {payout: 60, base: 2}}
  - {name: scratch, kind: scratched}
  - {name: jockey, kind: jockey_change}
  - {name: moved, kind: post_time_change, minutes: 2}
  - {name: status, kind: race_status, statuses: [closed, official, cancelled]}
"""
price = st.sampled_from([1.5, 2, 2.5, 3, 4.5, 6, 9, 15, "99+", "SCR", None])
board = st.fixed_dictionaries(
    {"prices": st.fixed_dictionaries({"1": price, "5": price}, optional={"2": price})},
    optional={
        "pool": st.sampled_from([500, 5000]),
        "flags": st.sampled_from([frozenset({"from_cache"}), frozenset({"no_pairs"})]),
        "pairs": st.dictionaries(st.sampled_from([("1", "5"), ("5", "1")]), st.sampled_from([20, 50, 70]), min_size=1),
        "minutes_to_post": st.sampled_from([3, 58]),
        "back": st.sampled_from([0.3, 1.3, 2.3]),
        "source": st.just(Source("other", "decimal", "display")),
    },
)
card = st.fixed_dictionaries(
    {},
    optional={
        "out": st.sampled_from([["2"], ["5"], ["2", "5"]]),
        "jockeys": st.dictionaries(st.sampled_from(["1", "5"]), st.sampled_from(["Ann", "Bob"]), min_size=1),
        "post": st.sampled_from([58, 60, 61, 65]),
        "status": st.sampled_from(["open", "closed", "postponed", "cancelled"]),
        "horses": st.sampled_from(
            [{"1": "Alpha", "2": "Bravo", "5": "Dancer", "7": "Late"}, {"1": "Alpha", "5": "Other"}]
        ),
        "from_cache": st.just(True),
        "history": st.just(True),
        "back": st.sampled_from([0.4, 1.4]),
    },
)
day = st.lists(
    st.tuples(st.sampled_from([1, 1, 2]), st.one_of(board, board, card), st.booleans()), min_size=1, max_size=14
)


def store(meeting, minute, race, what):
    """`back`: minutes by which it reaches us late."""
    at = minute - what.get("back", 0)
    fields = {name: value for name, value in what.items() if name not in {"back", "prices"}}
    if "prices" in what:
        meeting.board(at, what["prices"], race=race, **fields)
        return
    if "post" in fields:
        fields["post"] = meeting.at(fields["post"])
    meeting.card(at, race=race, **fields)


class Days:
    """Days of two races each, on one database for as long as it has race numbers left: to make one takes longest."""

    def __init__(self, make_meeting):
        self._make = make_meeting
        self._meeting = None
        self._used = LAST_RACE

    def walk(self, steps):
        """A day as a live run saw it, some of it in batches; then its replay."""
        if self._used + 2 > LAST_RACE:
            self._meeting, self._used = self._make(), 0
            self._meeting.rules(RULES)
        meeting = self._meeting
        meeting.races.clear()
        meeting.horses = {}
        for minute, (race, what, evaluate) in enumerate(steps, 3):
            meeting.clock.put(meeting.at(minute))
            store(meeting, minute, self._used + race, what)
            if evaluate:
                self._evaluate()
        self._evaluate()
        meeting.assert_replays_exactly()
        self._used += 2

    def _evaluate(self):
        for race in self._meeting.races:
            self._meeting.evaluate(race)


LAST_RACE = 98
QUICK = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def days(make_meeting):
    return Days(make_meeting)


@given(day)
@QUICK
def test_days_at_random_replay_exactly(days, steps):
    """Late boards and cards, batches, scratches, other riders, posts that move, boards of another source."""
    days.walk(steps)


@pytest.mark.slow
@given(day)
@settings(QUICK, max_examples=600)
def test_many_days_at_random_replay_exactly(days, steps):
    days.walk(steps)


def test_a_clock_that_is_put_back_does_not_change_the_order(meeting, clock):
    """What was seen first stays first, though its instant reads later."""
    meeting.rules(RULES)
    meeting.card()
    for minute, now, field in ((1, 1, {"1": 9, "5": 9}), (2, 2, {"1": 2, "5": 9}), (3, -90, {"1": 2, "5": 2})):
        clock.put(meeting.at(now))
        meeting.play(minute, field)
    meeting.card(2.5, out=["2"])
    meeting.evaluate()
    meeting.play(4, {"1": 9, "5": 2})
    assert len(meeting.told()) > 3
    meeting.assert_replays_exactly()


def test_boards_that_no_run_has_evaluated_are_replayed_as_the_next_run_would(meeting, clock):
    meeting.rules(RULES)
    meeting.card()
    meeting.board(1, {"1": 9, "5": 9})
    meeting.card(2, out=["2"], jockeys={"1": "Ann"})
    meeting.board(3, {"1": 2, "5": 9})
    expected = [one.detail.text for one in meeting.replayed()]
    assert len(expected) >= 2
    assert meeting.evaluate() == expected


def test_an_import_and_a_kept_card_are_replayed_as_they_were_evaluated_not_at_all(meeting):
    meeting.rules("rules: [{name: out, kind: scratched}, {name: over, kind: race_status, statuses: [official]}]")
    meeting.card()
    meeting.card(1, out=["2"], status="official", history=True)
    meeting.evaluate()
    assert meeting.told() == meeting.replayed() == []


def test_a_difference_is_told_with_its_side(meeting):
    meeting.rules(RULES)
    meeting.play(1, {"1": 2, "5": 9})
    meeting.play(2, {"1": 2, "5": 9})
    live, again = meeting.told(), meeting.replayed()
    assert [sign for sign, _ in differences(live[1:], again)] == ["+"]
    [(sign, line)] = differences(live, again[:-1])
    assert (sign, line.message) == ("-", again[-1].detail.text)
    assert list(differences([*live, live[0]], again)) == [("-", line_told(live[0]))]


def test_a_replay_writes_nothing(meeting):
    meeting.rules(RULES)
    meeting.play(1, {"1": 9, "5": 9})
    meeting.play(2, {"1": 2, "5": 9})
    tables = ("alert", "alert_state", "alert_delivery", "board", "change")
    before = {table: meeting.rows(table) for table in tables}
    assert len(meeting.replayed()) == len(before["alert"]) > 0
    assert {table: meeting.rows(table) for table in tables} == before


def test_a_result_is_replayed_as_it_was_told(meeting, clock):
    """Its payoffs and its order were corrected since."""
    meeting.rules("rules: [{name: paid, kind: result}]")
    meeting.card()
    clock.put(meeting.at(65))
    meeting.result(65, {"5": 1, "2": 2}, [("win", "5", 2, 7.4), ("place", "5", 2, 4.2)])
    assert meeting.evaluate() == ["GP R1 result win 5 Dancer 7.40 4.20 [result: paid]"]
    clock.put(meeting.at(70))
    meeting.result(70, {"2": 1, "5": 2}, [("win", "2", 2, 9), ("place", "5", 2, 4), ("place", "2", 2, 3)])
    assert meeting.evaluate() == []
    meeting.assert_replays_exactly()
