"""Rules about ourselves against facts built by hand: fires once, stays, is over; the unknown moves nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.evaluate import Evaluation
from alerts.limits import Identity, State
from alerts.reading.facts import Fault, House, Polling, SystemFacts
from alerts.rules import RuleSet
from alerts.rules.kinds import KINDS
from alerts.rules.policy import Delivery, Grouping
from alerts.system import FORGOTTEN_MS, evaluate_system
from horses_scrapy.storage.fill_rates import Filled
from horses_scrapy.storage.mail_facts import MailFacts
from horses_scrapy.storage.system_facts import EndedRun, Filling, RaceFacts, TrackFacts

MINUTE = 60_000
NOW = 1_777_752_000_000


def rules(kind, **fields) -> RuleSet:
    return RuleSet(rules=(KINDS[kind](name="mine", kind=kind, **fields),))


def run(outcome="ok", ago=1.0, **fields) -> EndedRun:
    """Ended so many minutes ago."""
    told = {"reason": None, "errors": 0, "rejected": 0, **fields}
    return EndedRun(run_id=1, outcome=outcome, finished_at=NOW - round(ago * MINUTE), **told)


def race(to_post, board=None, status="open", number=3, flags=()) -> RaceFacts:
    """Minutes to its post, and since its newest sound board."""
    return RaceFacts(
        race_id=number,
        race_number=number,
        post_time=NOW + round(to_post * MINUTE),
        status=status,
        sound_at=None if board is None else NOW - round(board * MINUTE),
        flags=tuple(frozenset(shown.split()) for shown in flags),
    )


def track(*runs, races=(), fillings=(), key="gulf", code="GP") -> TrackFacts:
    return TrackFacts(key=key, code=code, runs=runs, races=tuple(races), fillings=tuple(fillings))


def facts(of_track=None, house=None, since=NOW - 600 * MINUTE) -> SystemFacts:
    return SystemFacts(watching_since=since, tracks=() if of_track is None else (of_track,), house=house)


def outcomes(*names) -> TrackFacts:
    """The newest last, as they happened."""
    return track(*(run(name, ago) for ago, name in enumerate(reversed(names))))


def filled(percent, total=100, before=(98,) * 5) -> TrackFacts:
    earlier = tuple(Filled(each, 100) for each in before)
    return track(run(), fillings=[Filling(field="jockey", now=Filled(percent * total // 100, total), before=earlier)])


def disk(free) -> House:
    return House(free_mb=free)


def mail(channel="mail", **fields) -> House:
    told = {name: value if name == "dead" else NOW - round(value * MINUTE) for name, value in fields.items()}
    return House(free_mb=10_000, mail=(MailFacts(channel=channel, **told),))


def polls(*polling) -> House:
    """(subject, seconds since it fails or None where it works)"""
    return House(
        free_mb=10_000,
        polling=tuple(
            Polling(subject=subject)
            if lasts is None
            else Polling(subject=subject, at=NOW - round(lasts * 1000), lasts_ms=round(lasts * 1000), told=("w",))
            for subject, lasts in polling
        ),
    )


BLOCKED = run("blocked")
NEAR = race(4, board=6)
DOWN = House(free_mb=10_000, faults=(Fault(NOW, "pid 7 holds it"),))
SOUND = House(free_mb=10_000)

# kind and keys, facts in breach, facts in which it is over, facts that tell neither
CASES = {
    "stale_source": (
        {},
        [facts(track(run(), races=[NEAR])), facts(track(run(), races=[race(-20, board=5)]))],
        [facts(track(run(), races=[race(4, board=4.9)])),
            facts(track(run(), races=[race(40, board=1, number=4)])), facts(track(run(), races=[NEAR, race(7, board=1, number=4)]))],
        [
            facts(track(run(), races=[race(8.1, board=5)])),
            facts(track(run(), races=[race(40, board=1, status="closed")])),
            facts(track(run(), races=[race(-20, board=20, status="closed")])),
            facts(track(run(), races=[race(4, board=60, status="cancelled")])),
            facts(track(run())),
        ],
    ),
    "crawl_failures": (
        {"count": 3},
        [facts(outcomes("ok", "blocked", "lost", "timeout")), facts(outcomes(*["store_error"] * 9))],
        [facts(outcomes("blocked", "blocked", "blocked", "ok")), facts(outcomes("no_card"))],
        [facts(outcomes("ok", "blocked", "blocked")), facts(track())],
    ),
    "outcome": (
        {"outcomes": ("blocked",)},
        [facts(outcomes("ok", "blocked"))],
        [facts(outcomes("blocked", "ok")), facts(outcomes("blocked", "no_card"))],
        [facts(outcomes("blocked", "parse_error")), facts(track())],
    ),
    "frozen_probables": (
        {"boards": 2},
        [
            facts(track(races=[race(20, flags=["frozen suspect", "frozen suspect", ""])])),
            facts(track(races=[race(20, flags=["", ""]), race(50, number=4, flags=["frozen", "frozen"])])),
        ],
        [facts(track(races=[race(20, flags=["", "frozen"]), race(50, number=4, flags=["suspect overround"])]))],
        [
            facts(track(races=[race(20, flags=["frozen", ""])])),
            facts(track(races=[race(20)])),
            facts(track(races=[race(-2, flags=["frozen", "frozen"], status="closed")])),
            facts(track()),
        ],
    ),
    "selector_health": (
        {"points": 20},
        [facts(filled(78)), facts(filled(0, total=6))],
        [facts(filled(98)), facts(filled(90))],
        [facts(filled(0, total=5)), facts(filled(0, before=(98,) * 4)), facts(track(run()))],
    ),
    "failure_rate": (
        {"percent": 50, "minutes": 60, "crawls": 4},
        [facts(outcomes("ok", "ok", "lost", "empty")), facts(outcomes("ok", "lost", "lost", "lost"))],
        [facts(outcomes("ok", "ok", "ok", "lost"))],
        [
            facts(outcomes("ok", "ok", "ok", "lost", "lost")),
            facts(outcomes("lost", "lost", "lost")),
            facts(track(*(run("lost", ago) for ago in (50, 55, 59, 60.1)))),
        ],
    ),
    "error_burst": (
        {"errors": 6, "minutes": 15},
        [facts(track(run(errors=4), run(rejected=2, ago=15), run(errors=9, ago=15.1)))],
        [facts(track(run(errors=4))), facts(track(run()))],
        [facts(track(run(errors=5))), facts(track(run(errors=9, ago=16))), facts(track())],
    ),
    "database": (
        {"free_mb": 500},
        [facts(house=disk(499)), facts(house=DOWN), facts(outcomes("ok", "store_error"), house=SOUND)],
        [facts(outcomes("store_error", "ok"), house=SOUND), facts(house=disk(550))],
        [facts(outcomes("store_error"))],
    ),
    "mail_failing": (
        {"minutes": 5},
        [facts(house=mail(frozen_at=5)), facts(house=mail(alert_at=6)), facts(house=mail(dead=1))],
        [facts(house=mail(frozen_at=4.9, alert_at=5.9)), facts(house=SOUND)],
        [facts()],
    ),
    "polling": (
        {"seconds": 30},
        [facts(house=polls(("scrapyd", 30), ("windows", None))), facts(house=polls(("windows", 5.1), ("scrapyd", None)))],
        [facts(house=polls(("scrapyd", None), ("windows", None)))],
        [facts(), facts(house=SOUND), facts(house=polls(("scrapyd", 29.9), ("windows", 9)))],
    ),
}  # fmt: skip
EACH = [
    pytest.param(kind, keys, breach, over, id=f"{kind}-{which}-{other}")
    for kind, (keys, breaches, overs, _) in CASES.items()
    for which, breach in enumerate(breaches)
    for other, over in enumerate(overs)
]
UNKNOWN = [
    pytest.param(kind, keys, breaches[0], unknown, id=f"{kind}-{number}")
    for kind, (keys, breaches, _, unknowns) in CASES.items()
    for number, unknown in enumerate(unknowns)
]


class Watch:
    """Asks again and again, with the states of the last time."""

    def __init__(self, asked: RuleSet) -> None:
        self.rules, self.states = asked, {}

    def __call__(self, seen: SystemFacts, now=NOW) -> list[tuple[str, str]]:
        """(event, subject) of what is told."""
        found = self.ask(seen, now)
        return [(firing.event, firing.identity.subject) for firing in found.fired]

    def ask(self, seen: SystemFacts, now=NOW) -> Evaluation:
        found = evaluate_system(seen, self.rules, dict(self.states), now)
        for moved in found.transitions:
            assert (moved.state is None) == (moved.identity in self.states), "a transition moves something"
            if moved.state is None:
                del self.states[moved.identity]
            else:
                self.states[moved.identity] = moved.state
        return found


def events(told) -> set[str]:
    return {event for event, _ in told}


def test_every_kind_about_ourselves_is_here():
    assert {
        kind for kind, model in KINDS.items() if "send_resolved" in model.model_fields and not hasattr(model, "pulse")
    } == CASES.keys()


@pytest.mark.parametrize(("kind", "keys", "breach", "over"), EACH)
def test_it_is_told_once_and_once_more_when_it_is_over(kind, keys, breach, over):
    watch = Watch(rules(kind, **keys))
    assert watch(over) == []
    assert watch.states == {}
    assert events(watch(breach)) == {"fired"}
    assert watch(breach) == []
    assert all(state.phase == "firing" and state.since == NOW for state in watch.states.values())


@pytest.mark.parametrize(("kind", "keys", "breach", "over"), EACH)
def test_its_recovery_is_told_once(kind, keys, breach, over):
    watch = Watch(rules(kind, **keys))
    watch(breach)
    assert events(watch(over)) == {"resolved"}
    assert watch(over) == []
    assert watch.states == {}
    assert events(watch(breach)) == {"fired"}


@pytest.mark.parametrize(("kind", "keys", "breach", "unknown"), UNKNOWN)
def test_what_is_not_known_and_what_lies_between_move_nothing(kind, keys, breach, unknown):
    watch = Watch(rules(kind, **keys))
    assert watch(unknown) == []
    watch(breach)
    before = dict(watch.states)
    assert before
    assert watch(unknown) == []
    assert watch.states == before
    assert watch(breach) == []


@given(st.lists(st.booleans(), max_size=30), st.sampled_from(sorted(CASES)))
def test_alarms_and_recoveries_alternate(truths, kind):
    keys, breaches, overs, _ = CASES[kind]
    watch = Watch(rules(kind, **keys))
    told = []
    for truth in truths:
        told += watch(breaches[0] if truth else overs[-1])
    assert [event for event, _ in told] == [("fired", "resolved")[number % 2] for number in range(len(told))]
    changes = [truth for truth, before in zip(truths, [False, *truths], strict=False) if truth != before]
    assert len(told) == len(changes)


def test_a_recovery_that_nobody_asked_for_is_silent():
    watch = Watch(rules("outcome", send_resolved=False))
    assert watch(facts(outcomes("blocked"))) == [("fired", "blocked")]
    assert watch(facts(outcomes("ok"))) == []
    assert watch.states == {}


@pytest.mark.parametrize(("tracks", "told"), [((), 1), (("gp",), 1), (("GULF",), 1), (("aqu",), 0), (("aqu", "GP"), 1)])
def test_the_scope_names_tracks_by_key_or_code(tracks, told):
    watch = Watch(rules("outcome", scope={"tracks": tracks}))
    assert len(watch(facts(track(BLOCKED)))) == told


def test_a_disabled_rule_is_not_asked_and_what_it_had_told_is_forgotten():
    watch = Watch(rules("outcome"))
    watch(facts(track(BLOCKED)))
    watch.rules = rules("outcome", enabled=False)
    assert watch(facts(track(BLOCKED))) == []
    assert watch.states, "one track says nothing about rules that are gone"
    assert watch(facts(track(BLOCKED), house=SOUND)) == []
    assert watch.states == {}


def test_a_track_that_leaves_the_scope_is_forgotten():
    watch = Watch(rules("outcome"))
    watch(facts(track(BLOCKED)))
    watch.rules = rules("outcome", scope={"tracks": ["aqu"]})
    assert watch(facts(track(BLOCKED), house=SOUND)) == []
    assert watch.states == {}


def test_tracks_that_are_not_looked_at_stay_as_they_are():
    watch = Watch(rules("outcome"))
    watch(facts(track(BLOCKED)))
    other = replace(track(BLOCKED), key="aqu", code="AQU")
    assert watch(facts(other, house=SOUND)) == [("fired", "blocked")]
    assert {identity.scope for identity in watch.states} == {"track:gulf", "track:aqu"}


@pytest.mark.parametrize(("later", "told"), [(FORGOTTEN_MS - 1, []), (FORGOTTEN_MS, [("fired", "")])])
def test_what_was_unknown_for_half_a_day_begins_anew(later, told):
    watch = Watch(rules("stale_source"))
    watch(facts(track(run(), races=[NEAR])))
    assert watch(facts(track(run())), NOW + later) == []
    assert watch(facts(track(run(), races=[NEAR]))) == told


@pytest.mark.parametrize(
    ("runs", "since", "board", "told"),
    [
        ([], 4.9, 600, 0),
        ([], 5, 600, 1),  # nothing crawls at all
        ([run(ago=7)], 4.9, 600, 0),  # that one was of the process before
        ([run(ago=1)], 4.9, 600, 1),  # it had its chance
        ([run(ago=1)], 4.9, 1, 0),
        ([], 600, None, 0),  # looked for since 8 minutes to post, which was 4 minutes ago
        ([run(ago=1)], 600, None, 0),
    ],
)
def test_after_a_start_the_age_counts_from_the_first_chance(runs, since, board, told):
    seen = facts(track(*runs, races=[race(4, board=board)]), since=NOW - round(since * MINUTE))
    assert len(Watch(rules("stale_source"))(seen)) == told


def test_a_restart_is_no_recovery():
    """Nothing is known yet: what was told before is neither over nor told again."""
    watch = Watch(rules("stale_source"))
    down = track(run(ago=7), races=[race(4, board=60)])
    assert watch(facts(down)) == [("fired", "")]
    for minute in (0, 4.9, 5, 30):
        assert watch(facts(down, since=NOW - round(minute * MINUTE))) == []
    assert watch(facts(track(run(ago=7), races=[race(4)]), since=NOW)) == []
    assert watch(facts(track(races=[race(4, board=1)]), since=NOW)) == [("resolved", "")]


def test_a_race_without_any_board_is_stale_once_it_was_looked_for_long_enough():
    assert Watch(rules("stale_source"))(facts(track(run(), races=[race(3)]))) == [("fired", "")]


def test_a_stale_source_names_the_race_that_is_next():
    seen = facts(track(run(), races=[race(7, board=9, number=4), race(-1, board=8, number=3)]))
    (firing,) = Watch(rules("stale_source")).ask(seen).fired
    assert (firing.finding.race, firing.finding.value, firing.track) == (3, 8000, "gulf")
    assert firing.finding.at == NOW - 8 * MINUTE


def test_outcomes_are_told_one_by_one_and_are_over_together():
    watch = Watch(rules("outcome"))
    assert watch(facts(outcomes("blocked"))) == [("fired", "blocked")]
    assert watch(facts(outcomes("blocked", "parse_error"))) == [("fired", "parse_error")]
    assert watch(facts(outcomes("blocked", "parse_error", "timeout"))) == []
    assert watch(facts(outcomes("timeout", "ok"))) == [("resolved", "blocked"), ("resolved", "parse_error")]


def test_a_field_is_not_sound_because_earlier_runs_were_as_bad():
    """The median sinks with the field: only the field itself can rise again."""
    watch = Watch(rules("selector_health"))
    assert watch(facts(filled(20))) == [("fired", "jockey")]
    assert watch(facts(filled(20, before=(20,) * 10))) == []
    assert watch(facts(filled(29, before=(20,) * 10))) == []
    assert watch(facts(filled(30, before=(20,) * 10))) == [("resolved", "jockey")]


def test_the_median_is_of_the_last_ten_runs():
    (firing,) = Watch(rules("selector_health")).ask(facts(filled(0, before=(5,) * 5 + (99,) * 20))).fired
    assert firing.finding.before == 52_000
    (firing,) = Watch(rules("selector_health")).ask(facts(filled(40, before=(90, 95, 100, 80, 85)))).fired
    assert (firing.finding.value, firing.finding.before, firing.finding.threshold) == (40_000, 90_000, 70_000)


def test_a_disk_and_a_refused_write_are_two_alarms():
    watch = Watch(rules("database"))
    both = replace(DOWN, free_mb=12)
    assert watch(facts(house=both)) == [("fired", "disk"), ("fired", "writes")]
    assert watch(facts(house=replace(both, faults=()))) == [("resolved", "writes")]
    assert watch(facts(house=disk(549))) == []
    assert watch(facts(house=disk(550))) == [("resolved", "disk")]


def test_windows_that_wait_for_scrapyd_are_not_told_beside_it():
    watch = Watch(rules("polling", seconds=20))
    assert watch(facts(house=polls(("scrapyd", 19), ("windows", 9)))) == []
    assert watch(facts(house=polls(("scrapyd", 20), ("windows", 19)))) == [("fired", "scrapyd")]
    assert watch(facts(house=polls(("scrapyd", None), ("windows", 19)))) == [
        ("resolved", "scrapyd"),
        ("fired", "windows"),
    ]
    assert watch(facts(house=polls(("scrapyd", 5), ("windows", None)))) == [], "is over when scrapyd answers"
    assert watch(facts(house=polls(("scrapyd", None), ("windows", None)))) == [("resolved", "windows")]


def test_channels_fail_one_by_one():
    watch = Watch(rules("mail_failing"))
    both = House(
        free_mb=9, mail=(MailFacts(channel="apprise", dead=2), MailFacts(channel="mail", frozen_at=NOW - 9 * MINUTE))
    )
    assert watch(facts(house=both)) == [("fired", "apprise"), ("fired", "mail")]
    assert watch(facts(house=replace(both, mail=both.mail[:1]))) == [("resolved", "mail")]
    assert watch(facts(house=SOUND)) == [("resolved", "apprise")]


def test_alerts_may_wait_for_their_group_before_mail_fails():
    patient = replace_grouping(rules("mail_failing"), Grouping(wait=600, interval=60))
    assert Watch(patient)(facts(house=mail(alert_at=14.9))) == []
    assert Watch(patient)(facts(house=mail(alert_at=15))) == [("fired", "mail")]


def replace_grouping(asked: RuleSet, grouping: Grouping) -> RuleSet:
    return RuleSet(rules=asked.rules, delivery=Delivery(grouping=grouping))


def test_states_of_races_and_the_facts_are_left_alone():
    states = {Identity("other", "race:7", "win_tote", "5"): State("firing", 1, 3, NOW)}
    seen = facts(track(BLOCKED), house=SOUND)
    found = evaluate_system(seen, rules("outcome"), states, NOW)
    assert [moved.identity.scope for moved in found.transitions] == ["track:gulf"]
    assert seen == facts(track(BLOCKED), house=SOUND)
    assert evaluate_system(seen, rules("outcome"), states, NOW) == found
