"""Events without a database: each kind's decision, and what its alerts say beyond their one line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.events import DECIDE, LONG_OVER_MS, Happening, evaluate_event
from alerts.limits import Identity, State
from alerts.rules import EventRule, RuleSet
from alerts.rules.kinds import KINDS
from alerts.wording import EVENT_WORDS, of_event
from horses_scrapy.storage.alert_history import CardChange
from horses_scrapy.storage.board_view import RaceView, RunnerView
from horses_scrapy.storage.result_reader import Paid, Placed, ResultView

MINUTE = 60_000
POST = 1_777_755_600_000  # 2026-05-02 17:00 EDT
AT = POST - 20 * MINUTE
RACE = RaceView(
    race_id=7, track_key="gulf", track_code="GP", track_name="Gulf Downs", timezone="America/New_York",
    race_date="2026-05-02", race_number=3, post_time=POST, url="https://track.example/race/3",
)  # fmt: skip
EVENT_KINDS = {name: kind for name, kind in KINDS.items() if issubclass(kind, EventRule)}


def runner(number, horse, label=None, status="active", jockey=None):
    return RunnerView(
        entry_id=int(number.rstrip("A")) + 100 * number.endswith("A"), program_number=number,
        label=label or number.rstrip("A"), horse=horse, status=status, jockey=jockey, trainer=None, morning_line=None,
    )  # fmt: skip


FIELD = (runner("1", "Alpha"), runner("1A", "Alphabet"), runner("2", "Bravo"))


def happening(field, old, new, *, number=None, at=AT, field_of=FIELD, result=None, race=RACE):
    one = next((each for each in field_of if each.program_number == number), None)
    change = CardChange(
        change_id=1,
        entry_id=None if one is None else one.entry_id,
        field=field,
        old=old,
        new=new,
        at=at,
        evaluated_at=None,
    )
    return Happening(change=change, race=race, source="demo", runners=field_of, runner=one, result=result)


def rule(kind, **fields):
    return EVENT_KINDS[kind](**{"name": "it", "kind": kind, **fields})


def decided(kind, change, state=None, **fields):
    """(whether it alerts, the value that its state keeps, why not)."""
    verdict = DECIDE[EVENT_KINDS[kind]](rule(kind, **fields), change, state)
    return verdict.alert, None if verdict.state is None else verdict.state.alerted_value, verdict.reason


def of(change, *rules, states=None, told=None):
    return evaluate_event(change, RuleSet(rules=rules), states or {}, told)


def detail(kind, change, **fields):
    (firing,) = of(change, rule(kind, **fields)).fired
    return of_event(firing)


def test_every_kind_of_event_is_decided_and_worded():
    assert DECIDE.keys() == EVENT_WORDS.keys() == set(EVENT_KINDS.values())


@pytest.mark.parametrize("old", ["active", "ae", "mto", "nonbetting"])
@pytest.mark.parametrize("new", ["scratched", "late_scratch"])
def test_a_scratch(old, new):
    assert decided("scratched", happening("status", old, new, number="2")) == (True, None, "")


@pytest.mark.parametrize(
    ("old", "new", "was_out", "state_after", "reason"),
    [
        ("scratched", "late_scratch", True, True, "was out before"),
        ("scratched", "active", True, False, "runs"),
        ("active", "nonbetting", False, False, "runs"),
    ],
)
def test_no_scratch(old, new, was_out, state_after, reason):
    before = State("firing", 1, None, 5) if was_out else None
    verdict = DECIDE[EVENT_KINDS["scratched"]](rule("scratched"), happening("status", old, new, number="2"), before)
    assert (verdict.alert, verdict.reason) == (False, reason)
    assert verdict.state == (before if state_after else None)


@pytest.mark.parametrize(
    ("old", "new", "status", "expected"),
    [
        ("J. Ortiz", "A. Moreno", "active", (True, "")),
        ("J. Ortiz", "A. Moreno", "nonbetting", (True, "")),
        (None, "A. Moreno", "active", (False, "the first that is named")),
        ("J. Ortiz", None, "active", (False, "the first that is named")),
        ("J. Ortiz", "J ORTÍZ", "active", (False, "the same name")),
        ("J. Ortiz", "A. Moreno", "scratched", (False, "the horse is out")),
        ("J. Ortiz", "A. Moreno", "late_scratch", (False, "the horse is out")),
    ],
)
def test_a_jockey(old, new, status, expected):
    change = happening("jockey", old, new, number="2", field_of=(runner("2", "Bravo", status=status),))
    alert, _, reason = decided("jockey_change", change)
    assert (alert, reason) == expected


@pytest.mark.parametrize(
    ("told", "old", "new", "expected"),
    [
        (None, 0, 2, (True, 2, "")),  # as far as asked is far enough
        (None, 0, -2, (True, -2, "")),
        (None, 0, 1.99, (False, 0, "too little")),  # what people know of is kept
        (0, 1.5, 2.5, (True, 2.5, "")),  # from the last that was told
        (0, 2.5, 1.5, (False, 0, "too little")),
        (5, 0, 5, (False, 5, "too little")),
    ],
)
def test_a_post(told, old, new, expected):
    change = happening("post_time", *(str(POST + round(each * MINUTE)) for each in (old, new)))
    state = None if told is None else State("firing", 1, POST + told * MINUTE, 5)
    alert, kept, reason = expected
    assert decided("post_time_change", change, state, minutes=2) == (alert, POST + round(kept * MINUTE), reason)


@given(st.lists(st.integers(-30, 30), max_size=12), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_people_never_know_a_post_that_is_as_far_off_as_they_asked(posts, minutes):
    """However it creeps; and each alert moves what they know by as much at least."""
    known = at = 0
    states = {}
    for post in posts:
        if post == at:
            continue
        change = happening("post_time", str(POST + at * MINUTE), str(POST + post * MINUTE))
        done = of(change, rule("post_time_change", minutes=minutes), states=states)
        states |= {each.identity: each.state for each in done.transitions}
        at = post
        if done.fired:
            assert abs(post - known) >= minutes
            known = post
        assert abs(at - known) < minutes


def test_the_first_post_that_is_known_is_no_change():
    change = happening("post_time", None, str(POST))
    assert decided("post_time_change", change) == (False, None, "the first that is known")


@pytest.mark.parametrize(("old", "new", "alert"), [
    ("turf", "dirt", True), ("turf", "synthetic", True), (None, "dirt", False), (None, "turf", False),
    ("dirt", "turf", False), ("dirt", "synthetic", False),
])  # fmt: skip
def test_off_the_turf(old, new, alert):
    assert decided("off_turf", happening("surface", old, new))[0] is alert


@pytest.mark.parametrize(("statuses", "new", "alert"), [
    (None, "cancelled", True), (None, "postponed", True), (None, "official", False), (("open",), "open", True),
    (("open",), "cancelled", False),
])  # fmt: skip
def test_a_status(statuses, new, alert):
    given = {} if statuses is None else {"statuses": statuses}
    assert decided("race_status", happening("status", "scheduled", new), **given)[0] is alert


def test_a_runners_status_and_the_races_are_two_things():
    both = (rule("scratched"), rule("race_status", name="race", statuses=("cancelled",)))
    judged = []
    of_race, of_two = happening("status", "open", "cancelled"), happening("status", "active", "scratched", number="2")
    assert [each.rule.name for each in of(of_race, *both, told=judged.append).fired] == ["race"]
    assert [each.rule.name for each in of(of_two, *both, told=judged.append).fired] == ["it"]
    assert [(each.rule, each.subject, each.step) for each in judged] == [("race", "", "fired"), ("it", "2", "fired")]


def test_a_payoff_that_is_corrected_is_no_result():
    judged = []
    assert not of(happening("payoff:win:2", "420 for 200 USD", None), rule("result"), told=judged.append).fired
    assert judged == []


def test_a_result_that_was_taken_back_says_nothing():
    assert decided("result", happening("result", None, "official")) == (False, None, "it was taken back")


def test_the_state_of_a_scratch_is_under_its_program_number():
    one = happening("status", "active", "scratched", number="1A")
    done = of(one, rule("scratched"))
    ((identity, state),) = ((each.identity, each.state) for each in done.transitions)
    assert identity == Identity("it", "race:7", "", "1A")
    assert not of(one, rule("scratched"), states={identity: state}).fired


@pytest.mark.parametrize(
    ("late", "scope", "reason"),
    [
        (0, {"minutes_to_post": (0, 10)}, "outside its window"),
        (0, {"scope": {"races": [4]}}, "another race"),
        (0, {"scope": {"horses": ["Alpha"]}}, "not in its scope"),
        (LONG_OVER_MS + 1, {}, "the race was over long ago"),
    ],
)
def test_an_event_that_a_rule_does_not_look_at_leaves_its_state(late, scope, reason):
    change = happening("status", "scratched", "active", number="2", at=POST + late if late else AT)
    states = {Identity("it", "race:7", "", "2"): State("firing", 1, None, 5)}
    judged = []
    done = of(change, rule("scratched", **scope), states=states, told=judged.append)
    assert (list(done.transitions), list(done.fired)) == ([], [])
    assert [(each.step, each.reason) for each in judged] == [("skipped", reason)]


def test_an_event_at_the_last_moment_and_one_without_a_post_count():
    for at, race in [(POST + LONG_OVER_MS, RACE), (AT, RaceView(**{**_fields(RACE), "post_time": None}))]:
        assert of(happening("status", "open", "cancelled", at=at, race=race), rule("race_status")).fired


def _fields(race):
    return {name: getattr(race, name) for name in race.__slots__}


# --- What they say -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "field_of", "notes"),
    [
        ("1A", (runner("1", "Alpha"), runner("1A", "Alphabet", status="scratched")),
         ("Coupled entry 1 still runs with 1 Alpha: bets on it stand",)),
        ("1", (runner("1", "Alpha", status="scratched"), runner("1A", "Alphabet", status="late_scratch")), ()),
        ("2", (*FIELD[:2], runner("2", "Bravo", status="scratched")), ()),
    ],
)  # fmt: skip
def test_a_part_of_an_entry_says_that_bets_stand(number, field_of, notes):
    change = happening("status", "active", "scratched", number=number, field_of=field_of)
    assert detail("scratched", change).notes == notes


def test_what_a_site_wrote_is_made_harmless():
    change = happening("jockey", "J.\nOrtiz", "A.\u202eMoreno", number="2", field_of=(runner("2", "Bra\r\nvo"),))
    text = detail("jockey_change", change).text
    assert text == "GP R3 #2 Bra vo jockey J. Ortiz -> A.Moreno (20 MTP) [jockey_change: it]"


WON = (Placed(1, "5", "Dancer"), Placed(2, "2", "Bravo"), Placed(3, "3", "Cat"), Placed(4, "7", "Gale"))


def paid(bet, combination, payout, base=200, currency="USD"):
    return Paid(bet, combination, base, payout, currency)


@pytest.mark.parametrize(
    ("finishers", "payoffs", "move", "notes"),
    [
        (
            WON,
            (
                paid("exacta", "5-2", 2740), paid("place", "2", 380), paid("place", "5", 420), paid("show", "2", 280),
                paid("show", "3", 240), paid("show", "5", 300), paid("superfecta", "5-2-3-7", 10220, base=10),
                paid("win", "5", 740),
            ),
            "win 5 Dancer 7.40 4.20 3.00",
            (
                "1st 5 Dancer: win 7.40, place 4.20, show 3.00 for 2.00 USD",
                "2nd 2 Bravo: place 3.80, show 2.80 for 2.00 USD",
                "3rd 3 Cat: show 2.40 for 2.00 USD",
                "exacta 5-2 paid 27.40 for 2.00 USD",
                "superfecta 5-2-3-7 paid 102.20 for 0.10 USD",
            ),
        ),
        (
            (Placed(1, "1A", "Alphabet"), Placed(1, "5", "Dancer"), Placed(3, "1", "Alpha"), Placed(4, "2", "Bravo")),
            (paid("win", "1", 380), paid("win", "5", 420), paid("place", "1", 260), paid("place", "5", 360, base=100)),
            "dead heat win 1A Alphabet 3.80 2.60 and 5 Dancer 4.20 3.60",
            (
                "1st 1A Alphabet: win 3.80, place 2.60 for 2.00 USD",
                "1st 5 Dancer: win 4.20 for 2.00 USD, place 3.60 for 1.00 USD",
                "3rd 1 Alpha",
            ),
        ),
        (
            (Placed(1, "9", "ハナ"), Placed(2, "4", "Oak")),
            (paid("win", "9", 1230, base=100, currency="JPY"), paid("quinella", "4-9", 12340, base=100, currency="JPY")),
            "win 9 ハナ 1,230",
            ("1st 9 ハナ: win 1,230 for 100 JPY", "2nd 4 Oak", "quinella 4-9 paid 12,340 for 100 JPY"),
        ),
        (WON, (), "win 5 Dancer", ("1st 5 Dancer", "2nd 2 Bravo", "3rd 3 Cat")),
        ((*WON[:3], Placed(11, "8", "Hoo")), (paid("show", "8", 210),), "win 5 Dancer",
         ("1st 5 Dancer", "2nd 2 Bravo", "3rd 3 Cat", "11th 8 Hoo: show 2.10 for 2.00 USD")),
    ],
    ids=["usual", "dead heat and an entry", "yen", "no pay-offs", "placed by an inquiry"],
)  # fmt: skip
def test_a_result(finishers, payoffs, move, notes):
    found = ResultView(finishers, payoffs)
    told = detail("result", happening("result", None, "official", at=POST + 5 * MINUTE, result=found))
    assert (told.what, told.move, told.notes, told.minutes, told.basis) == ("result", move, notes, None, None)
    assert told.text == f"GP R3 result {move} [result: it]"


def test_a_post_says_from_the_last_one_told():
    states = {Identity("it", "race:7", "", ""): State("firing", 1, POST - 5 * MINUTE, 5)}
    change = happening("post_time", str(POST - MINUTE), str(POST))
    (firing,) = of(change, rule("post_time_change"), states=states).fired
    assert of_event(firing).text == "GP R3 post 16:55 -> 17:00 EDT (20 MTP) 5 min later [post_time_change: it]"
