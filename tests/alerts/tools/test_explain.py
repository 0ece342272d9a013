"""`alertctl explain` answers why: every outcome by its words, and an alert's way to each recipient."""

import pytest

from alerts.tools.explain import OTHER_RULES, Question, run
from alerts.tools.history_of_alert import alert_lines
from horses_scrapy.errors import ConfigError
from horses_scrapy.storage.alert_reader import StoredAlert, StoredDelivery

RULES = """
rules:
  - {name: short, kind: win_odds_below, threshold: 5-2, for: 2, minutes_to_post: [0, 10], min_pool: 2000}
  - {name: double, kind: odds_drop, percent: 30, points: 30}
  - {name: pair, kind: exacta_payout_below, threshold: {payout: 30, base: 2}}
  - {name: bravo, kind: win_odds_below, threshold: 5-2, scope: {horses: [Bravo]}}
  - {name: elsewhere, kind: win_odds_below, threshold: 5-2, scope: {tracks: [AQU]}}
  - {name: third, kind: win_odds_below, threshold: 5-2, scope: {races: [3]}}
  - {name: unused, kind: win_odds_below, threshold: 5-2, enabled: false}
  - {name: scratch, kind: scratched}
  - {name: stale, kind: stale_source}
"""


@pytest.fixture
def race(meeting, clock):
    """Dancer from 6-1 to 2-1 and back; the post is at 17:00, the boards begin at 16:45."""
    meeting.rules(RULES)
    meeting.card()
    told = [(45, 6, 5000), (51, 6, 500), (52, 3, 5000), (53, 2, 5000), (54, None, 5000), (55, 2, 5000), (56, 2, 5000),
            (57, 8, 5000)]  # fmt: skip
    for minute, price, pool in told:
        clock.put(meeting.at(minute + 0.02))
        if minute == 52:
            meeting.card(51.5, out=["2"])
        pairs = {("1", "5"): 40 if minute < 55 else 25, ("5", "1"): 90}
        meeting.board(minute, {"1": 3, "2": 9 if minute < 52 else "SCR", "5": price}, pool=pool, pairs=pairs)
        meeting.evaluate()
    return meeting


def asked(settings, clock, lines, **fields):
    assert run(settings, clock, Question(track="GP", race=1, **fields)) == 0
    return lines()


def block(found, name):
    """The lines of one rule."""
    begin = next(number for number, line in enumerate(found) if line.startswith(f"{name} ("))
    return [line.strip() for line in found[begin + 1 : found.index("", begin)]]


def test_of_one_horse_everything_is_told_board_by_board(race, settings, clock, lines):
    found = asked(settings, clock, lines, program="5")
    assert found[:3] == [
        "GP R1 of 2026-05-02, Gulf Downs: open, post 17:00; times in EDT, at the track",
        "8 boards (demo), 16:45 to 16:57; 2 changes of the card",
        "#5 Dancer",
    ]
    assert block(found, "short") == [
        "16:45           1 board  skipped: outside its window: 15 MTP",
        "16:51           1 board  skipped: win pool 500 < 2,000",
        "#5",
        "16:52           1 board  not crossed: 3-1 (threshold < 5-2)",
        "16:53           1 board  pending 1 of 2: 2-1",
        "16:54           1 board  not judged: no price, not in its scope, or nothing to measure from",
        "16:55           1 board  fired: 2-1",
        "16:56           1 board  holding: 2-1 (told; re-arms at 2.875)",
        "16:57           1 board  re-armed: 8-1",
    ]
    assert block(found, "bravo") == ["8 boards  not judged: no price, not in its scope, or nothing to measure from"]
    assert block(found, "scratch") == ["nothing happened that it is about"]
    assert "1-5" in block(found, "pair")
    assert found[found.index("not asked about this race") + 1 :][:4] == [
        "  other tracks: AQU: elsewhere",
        "  other races: 3: third",
        "  disabled: unused",
        "  about ourselves, not about a race: stale",
    ]
    assert [line for line in found[: found.index("alerts")] if len(line) > 100] == []


def test_a_second_condition_that_does_not_hold_is_named(race, settings, clock, lines):
    told = block(asked(settings, clock, lines, program="5", rule="double"), "double")
    assert any("points too few: " in line for line in told)


def test_of_a_race_only_what_came_beyond_a_threshold_is_told_and_the_nearest_of_the_others(
    race, settings, clock, lines
):
    found = asked(settings, clock, lines)
    assert block(found, "short")[2] == "#5"
    assert block(found, "short")[-1] == "1 never crossed it (threshold < 5-2); nearest: #1 at 3-1"
    assert block(found, "pair")[0] == "1-5"
    assert block(found, "pair")[-1] == "1 never crossed it (threshold < 30 for 2); nearest: 5-1 at 90 for 2"
    assert block(found, "scratch") == ["#2", "16:51          1 change  fired"]


def test_the_alerts_follow_with_their_deliveries(race, settings, clock, lines):
    found = asked(settings, clock, lines, program="5", rule="short")
    at = found.index("alerts")
    assert found[at + 1 :] == [
        "  GP R1 #5 Dancer 2-1 (5 MTP) below 5-2 [win_odds_below: short]",
        "    fired, watch: fetched 16:55:00, committed 16:55:01 (+1.2 s)",
        "    you@example.com (mail): pending: waits for the mailer",
    ]


def test_rules_that_were_changed_since_are_told(race, settings, clock, lines):
    asked(settings, clock, lines)
    race.rules(RULES.replace("threshold: 5-2, for: 2", "threshold: 5-2"))
    race.engine()
    assert asked(settings, clock, lines)[-1] == OTHER_RULES


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"race": 2}, "gulf R2 of 2026-05-02 is not stored"),
        ({"track": "XYZ"}, "--track XYZ: no race of a track with this key or code is stored"),
        ({"program": "9"}, "--program 9: the card has 1, 2, 3, 5"),
        ({"rule": "shrot"}, "has no rule of this name"),
    ],
)
def test_what_is_not_there_is_named(race, settings, clock, fields, says):
    with pytest.raises(ConfigError) as caught:
        run(settings, clock, Question(**{"track": "gulf", "race": 1} | fields))
    assert says in str(caught.value)


def test_a_race_without_boards_is_explained_too(meeting, settings, clock, lines):
    meeting.rules(RULES)
    meeting.card()
    meeting.engine()
    assert "nothing happened that it is about" in block(asked(settings, clock, lines, program="5"), "short")


ALERT = StoredAlert(
    alert_id=1, race_id=1, rule="short", kind="win_odds_below", severity="urgent", event="fired", scope="race:1", market="win_tote",
    subject="5", value=3000, message="GP R1 ...", triggered_at=60_000, created_at=60_250, source_time=56_000,
)  # fmt: skip


def delivery(**fields):
    plain = dict.fromkeys(StoredDelivery.__dataclass_fields__) | {"alert_id": 1, "recipient": "a@b", "channel": "mail"}
    return StoredDelivery(**(plain | fields))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"state": "sent", "queued_at": 90_250, "first_attempt_at": 90_400, "accepted_at": 152_400, "attempts": 3},
            ["  a@b (mail): sent at attempt 3", "    queued 00:01:30 (+30.0 s), first attempt 00:01:30 (+0.1 s), accepted 00:02:32 (+62.0 s)"],
        ),
        ({"state": "muted", "reason": "silence 3 by Ann: asleep"}, ["  a@b (mail): muted: silence 3 by Ann: asleep"]),
        ({"state": "capped", "reason": "cap: 4 messages a race"}, ["  a@b (mail): capped: cap: 4 messages a race"]),
        (
            {"state": "leased", "queued_at": 90_250, "attempts": 1, "last_error": "421 busy"},
            ["  a@b (mail): leased: in a message that is not accepted yet (421 busy)", "    queued 00:01:30 (+30.0 s)"],
        ),
        (
            {"state": "dead", "reason": "550 no such user", "last_error": "550 no such user"},
            ["  a@b (mail): dead: 550 no such user"],
        ),
        ({"state": "logged", "recipient": "", "reason": "no recipient"}, ["  nobody (mail): logged: no recipient"]),
    ],
)  # fmt: skip
def test_each_stage_of_a_delivery_has_its_time_and_its_reason(fields, told):
    assert list(alert_lines(ALERT, [delivery(**fields)], "UTC")) == [
        "GP R1 ...",
        "  fired, urgent: source 00:00:56, fetched 00:01:00 (+4.0 s), committed 00:01:00 (+0.2 s)",
        *told,
    ]
