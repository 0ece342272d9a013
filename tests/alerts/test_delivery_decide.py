"""Caps, and the order of the stages."""

import pytest
from delivering import YOU, at, policy, runner, sent, standing, system, waiting
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.delivery.cap import reason, why_capped, window_of
from alerts.delivery.decide import decide
from alerts.delivery.group import groups
from horses_scrapy.storage.silences import Silence

BOB = "bob@example.com"
OFFSET = {"people": {YOU: {"timezone": "America/New_York"}}}  # at(0) is 16:00 there, so its day began at -57,600 s
MIDNIGHT = -57_600
CAPPED = {
    "none yet": ({"race": 1}, [], None),
    "of the race": ({"race": 1}, [sent(-90_000)], "cap: 1 message a race"),
    "of another race": ({"race": 1}, [sent(-9, scope="race:2")], None),
    "of another recipient": ({"race": 1}, [sent(-9, recipient=BOB)], None),
    "of another channel": ({"race": 1}, [sent(-9, channel="apprise")], None),
    "room for one more": ({"race": 3}, [sent(-9), sent(-8)], None),
    "no cap": ({"race": None, "hour": None, "day": None}, [sent(-9)] * 99, None),
    "an hour ago": ({"hour": 1}, [sent(-3600, scope="race:2")], None),
    "within the hour": ({"hour": 1}, [sent(-3599.999, scope="race:2")], "cap: 1 message an hour"),
    "in the future": ({"hour": 1, "day": 1}, [sent(1, scope="race:2")], None),
    "today": ({"day": 2}, [sent(MIDNIGHT, scope="race:2"), sent(-9_000, scope="race:3")], "cap: 2 messages a day"),
    "yesterday": ({"day": 2}, [sent(MIDNIGHT - 0.001, scope="race:2"), sent(-9_000, scope="race:3")], None),
    "the shortest reach is named": ({"race": 1, "hour": 1, "day": 1}, [sent(-9)], "cap: 1 message a race"),
    "about ourselves counts not": (
        {"hour": 1, "day": 1},
        [sent(-9, scope="track:gulf"), sent(-9, scope="daily:x")],
        None,
    ),
}


@pytest.mark.parametrize(("caps", "before", "expected"), CAPPED.values(), ids=CAPPED)
def test_caps(caps, before, expected):
    [group] = groups([waiting()])
    assert why_capped(group, before, at(0), policy(caps=caps, **OFFSET)) == expected


def test_alerts_about_ourselves_are_never_capped():
    [group] = groups([system()])
    assert why_capped(group, [sent(-9, scope="track:gulf")], at(0), policy(caps={"hour": 1, "day": 1})) is None


def test_a_person_s_own_caps_replace_the_others():
    own = {"caps": {"race": 1}, "people": {YOU: {"caps": {"race": 2}}}}
    [yours, bobs] = groups([waiting(), waiting(2, recipient=BOB)])
    assert why_capped(yours, [sent(-9)], at(0), policy(**own)) is None
    assert why_capped(bobs, [sent(-9, recipient=BOB)], at(0), policy(**own)) == "cap: 1 message a race"


@pytest.mark.parametrize("window", ["race", "hour", "day"])
def test_a_reason_names_its_window(window):
    assert window_of(reason(window, 1)) == window_of(reason(window, 12)) == window


def test_another_reason_names_none():
    with pytest.raises(ValueError, match="names no cap"):
        window_of("silence 3 by Ann: an hour of peace")


# --- The order -------------------------------------------------------------------------------------------------------

SILENT = Silence(
    silence_id=1, matchers={"track": "gulf"}, starts_at=at(-9), ends_at=at(9), created_by="Ann", comment="x"
)
QUIET = {"quiet": {"since": "19:00", "until": "21:00"}}
ALL = {
    "runners": {1: [runner("5", out=True)]},
    "silences": [SILENT],
    "sent": [sent(-90)],
    "last": {("race:1", YOU, "mail", False): at(-90)},
}


@pytest.mark.parametrize(
    ("status", "without", "expected"),
    [
        ("closed", [], ("expired", "the race is off (closed)")),
        ("open", [], ("inhibited", "#5 is out")),
        ("open", ["runners"], ("muted", "silence 1 by Ann: x")),
        ("open", ["runners", "silences"], ("muted", "quiet hours 19:00-21:00 (UTC)")),
        ("open", ["runners", "silences", "quiet"], ("capped", "cap: 1 message a race")),
    ],
)
def test_the_first_stage_that_holds_names_the_reason(status, without, expected):
    around = {key: value for key, value in ALL.items() if key not in without}
    person = {} if "quiet" in without else QUIET
    made = decide([waiting(status=status)], standing(**around), policy(caps={"race": 1}, people={YOU: person}))
    assert [(each.state, each.reason) for each in made.closed] == [expected]
    assert not made.ready
    assert not made.later


def test_what_is_left_goes_out():
    made = decide([waiting(post=300)], standing(), policy())
    assert (made.closed, made.later) == ([], [])
    assert [each.alert_id for each in made.ready[0].members] == [1]


def test_a_group_that_waits_decides_nothing_but_what_is_too_late():
    made = decide([waiting(1), waiting(2, expires_at=at(-1), post=None)], standing(silences=[SILENT]), policy())
    assert [(each.delivery.alert_id, each.state) for each in made.closed] == [(2, "expired")]
    assert [[each.alert_id for each in group.members] for group, _ in made.later] == [[1]]


def test_only_the_members_that_a_stage_names_are_muted():
    around = standing(runners={1: [runner("5", out=True), runner("6")]})
    made = decide([waiting(1), waiting(2, subject="6", post=300)], around, policy(grouping={"wait": 0}))
    assert [each.delivery.alert_id for each in made.closed] == [1]
    assert [each.alert_id for each in made.ready[0].members] == [2]


def test_one_flush_counts_what_it_makes():
    several = [waiting(n, scope=f"race:{n}", post=300) for n in range(1, 6)]
    made = decide(several, standing(sent=[sent(-9, scope="race:9")]), policy(caps={"hour": 3}))
    assert [group.key.scope for group in made.ready] == ["race:1", "race:2"]
    assert [(each.delivery.alert_id, each.reason) for each in made.closed] == [
        (n, "cap: 3 messages an hour") for n in (3, 4, 5)
    ]


def test_what_a_full_message_leaves_waits():
    made = decide([waiting(n, post=300) for n in (1, 2, 3)], standing(), policy(grouping={"members": 2}))
    assert [each.alert_id for each in made.ready[0].members] == [1, 2]
    assert not made.closed


DELIVERIES = st.builds(
    waiting,
    st.integers(1, 10_000),
    scope=st.sampled_from(["race:1", "race:2"]),
    recipient=st.sampled_from([YOU, BOB]),
    kind=st.sampled_from(["win_odds_below", "result", "scratched"]),
    severity=st.sampled_from(["info", "urgent"]),
    subject=st.sampled_from(["5", "6"]),
    made=st.integers(-100, 5),
    post=st.sampled_from([60, 3600, None]),
    status=st.sampled_from(["open", "closed"]),
)


@settings(max_examples=150)
@given(st.lists(DELIVERIES, max_size=12, unique_by=lambda each: each.alert_id), st.integers(1, 3), st.integers(1, 3))
def test_every_delivery_has_exactly_one_fate(several, members, cap):
    several = sorted(several, key=lambda each: each.alert_id)
    around = standing(runners={1: [runner("6", out=True)]})
    made = decide(several, around, policy(grouping={"members": members}, caps={"race": cap}))
    closed = [each.delivery for each in made.closed]
    ready = [each for group in made.ready for each in group.members]
    later = [each for group, _ in made.later for each in group.members]
    fates = [each.alert_id for each in (*closed, *ready, *later)]
    assert len(fates) == len(set(fates))
    left = {each.alert_id for each in several} - set(fates)  # only what a full message had no room for
    assert not left or any(len(group.members) == members for group in made.ready)
    for group in made.ready:
        assert len(group.members) <= members
        assert len({(each.scope, each.recipient) for each in group.members}) == 1
        assert all(each.kind == "result" for each in group.members) or all(
            each.kind != "result" for each in group.members
        )
    for key in {(group.key.scope, group.key.recipient) for group in made.ready}:
        assert sum((group.key.scope, group.key.recipient) == key for group in made.ready) <= cap
