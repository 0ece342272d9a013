"""What is inhibited, silenced, and kept from people who sleep."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from delivering import at, policy, runner, standing, system, waiting
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.inhibit import source_down, why_inhibited
from alerts.delivery.quiet import is_quiet, why_quiet
from alerts.delivery.silence import FIELDS, parse, why_silenced
from alerts.delivery.standing import Standing
from alerts.rules.policy import Person
from horses_scrapy.clock import to_ms
from horses_scrapy.errors import ConfigError
from horses_scrapy.storage.silences import Silence

FIELD = {
    1: [
        runner("1", horse="ALPHA"),
        runner("1A", label="1", horse="ANNEX", out=True),
        runner("2", horse="BRAVO", out=True),
        runner("5"),
        runner("10", horse="TEN"),
        runner("7", label="7", horse="SEVEN", out=True),
        runner("7X", label="7", horse="SEVENTH", out=True),
    ]
}
INHIBITED = {
    "runs": (waiting(subject="5"), None),
    "is out": (waiting(subject="2"), "#2 is out"),
    "one of an entry runs": (waiting(subject="1"), None),
    "none of an entry runs": (waiting(subject="7"), "#7 is out"),
    "first of a pair": (waiting(kind="exacta_payout_above", subject="2-5"), "#2 is out"),
    "second of a pair": (waiting(kind="exacta_overlay", subject="5-2"), "#2 is out"),
    "pair that runs": (waiting(kind="exacta_overlay", subject="10-5"), None),
    "10 is not 1 and 0": (waiting(subject="10"), None),
    "of another race": (waiting(subject="2", race_id=2), None),
    "the scratch itself": (waiting(kind="scratched", subject="2"), None),
    "its jockey": (waiting(kind="jockey_change", subject="2"), None),
    "the pool": (waiting(kind="pool_above", subject=""), None),
    "the result": (waiting(kind="result", subject=""), None),
    "a kind of another version": (waiting(kind="tarot", subject="2"), None),
}


@pytest.mark.parametrize(("delivery", "reason"), INHIBITED.values(), ids=INHIBITED)
def test_a_runner_that_is_out_inhibits_what_is_told_of_its_price(delivery, reason):
    assert why_inhibited(delivery, standing(runners=FIELD), policy()) == reason


@pytest.mark.parametrize(
    ("delivery", "inhibited"),
    [
        (waiting(), True),
        (waiting(kind="large_bet"), True),
        (waiting(kind="pool_above", subject=""), True),
        (waiting(track_key="belm"), False),
        (waiting(kind="scratched"), False),
        (waiting(kind="result"), False),
        (system(), False),
    ],
)
def test_a_source_that_is_down_inhibits_the_prices_of_its_track(delivery, inhibited):
    down = {"gulf": "its source is down: stale_source (stale) since 20:00 UTC"}
    assert why_inhibited(delivery, standing(down=down), policy()) == (down["gulf"] if inhibited else None)


# --- Silences -----------------------------------------------------------------------------------------------------------


def silence(**matchers) -> Silence:
    return Silence(
        silence_id=3, matchers=matchers, starts_at=at(0), ends_at=at(60), created_by="Ann", comment="the track's test"
    )


MATCHES = {
    "track key": ({"track": "gulf"}, waiting(), True),
    "track code, any case": ({"track": "gp"}, waiting(), True),
    "another track": ({"track": "AQU"}, waiting(), False),
    "track of a system alert": ({"track": "gulf"}, system(), True),
    "race and track": ({"track": "gulf", "race": "1"}, waiting(), True),
    "one of both": ({"track": "gulf", "race": "2"}, waiting(), False),
    "track/race": ({"race": "GP/1"}, waiting(), True),
    "another track's race": ({"race": "AQU/1"}, waiting(), False),
    "a race is no track": ({"race": "gulf/1"}, system(), False),
    "date": ({"race": "GP/1", "date": "2026-05-02"}, waiting(), True),
    "the same race of tomorrow": ({"race": "GP/1", "date": "2026-05-02"}, waiting(race_date="2026-05-03"), False),
    "a date is no race": ({"date": "2026-05-02"}, system(), False),
    "rule": ({"rule": "short"}, waiting(), True),
    "another rule": ({"rule": "sho"}, waiting(), False),
    "kind": ({"kind": "win_odds_below"}, waiting(), True),
    "another kind": ({"kind": "steam"}, waiting(), False),
    "severity": ({"severity": "watch"}, waiting(), True),
    "another severity": ({"severity": "urgent"}, waiting(), False),
    "recipient": ({"recipient": "You@Example.com"}, waiting(), True),
    "another recipient": ({"recipient": "me@example.com"}, waiting(), False),
    "horse": ({"horse": "Dancer (IRE)"}, waiting(), True),
    "horse of the pair": ({"horse": "alpha"}, waiting(subject="5-1"), True),
    "part of the entry": ({"horse": "Annex"}, waiting(subject="1"), True),
    "another horse": ({"horse": "Alpha"}, waiting(), False),
    "program": ({"program": "5"}, waiting(), True),
    "part of an entry": ({"program": "1a"}, waiting(subject="1"), True),
    "of a change": ({"program": "1A"}, waiting(kind="scratched", subject="1A"), True),
    "of a pair": ({"program": "5"}, waiting(kind="exacta_payout_below", subject="1-5"), True),
    "of another pair": ({"program": "5"}, waiting(kind="exacta_payout_below", subject="1-15"), False),
    "another program": ({"program": "0"}, waiting(subject="10"), False),
    "no runner": ({"program": "5"}, system(), False),
    "a field of another version": ({"colour": "red"}, waiting(), False),
    "nothing": ({}, waiting(), False),
}


@pytest.mark.parametrize(("matchers", "delivery", "expected"), MATCHES.values(), ids=MATCHES)
def test_matchers(matchers, delivery, expected):
    told = why_silenced(delivery, standing(30, runners=FIELD, silences=[silence(**matchers)]), policy())
    assert told == ("silence 3 by Ann: the track's test" if expected else None)


@pytest.mark.parametrize(("now", "silent"), [(-0.001, False), (0, True), (59.999, True), (60, False)])
def test_a_silence_has_its_time(now, silent):
    told = why_silenced(waiting(), standing(now, silences=[silence(track="gulf")]), policy())
    assert (told is not None) is silent


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (["track=AQU"], {"track": "AQU"}),
        (["track = AQU ", "race=3"], {"track": "AQU", "race": "3"}),
        (["race=AQU/3"], {"race": "AQU/3"}),
        (["race=AQU/3", "date=2026-05-02"], {"race": "AQU/3", "date": "2026-05-02"}),
        (["rule=a=b"], {"rule": "a=b"}),
        (["kind=steam", "severity=info"], {"kind": "steam", "severity": "info"}),
    ],
)
def test_matchers_as_they_are_typed(given_, expected):
    assert parse(given_) == expected


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ([], "at least one field=value"),
        (["trak=AQU"], "unknown field; did you mean track?"),
        (["track"], "a value is expected"),
        (["track="], "a value is expected"),
        (["track=A", "track=B"], "given twice"),
        (["race=3"], "of which track?"),
        (["race=three", "track=A"], "a race's number"),
        (["race=/3", "track=A"], "a race's number"),
        (["race=AQU/"], "a race's number"),
        (["date=tomorrow"], "a date is expected"),
        (["date=20260502"], "a date is expected"),
        (["date=2026-02-30"], "a date is expected"),
        (["kind=steem"], "no kind; did you mean steam?"),
        (["severity=loud"], "no severity"),
    ],
)
def test_matchers_that_are_refused(given_, told):
    with pytest.raises(ConfigError, match=told.replace("?", r"\?")):
        parse(given_)


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        parse(["trak=A", "kind=steem", "race=3"])
    assert len(str(caught.value).splitlines()) == 3


@given(st.lists(st.text(max_size=12), max_size=4))
def test_whatever_is_typed_is_matchers_or_an_error_of_ours(given_):
    try:
        made = parse(given_)
    except ConfigError:
        return
    assert made
    assert set(made) <= set(FIELDS)


# --- Quiet hours ------------------------------------------------------------------------------------------------------------

NIGHT = {"timezone": "America/New_York", "quiet": {"since": "22:00", "until": "07:00"}}
NOON = {"timezone": "Europe/Berlin", "quiet": {"since": "12:00", "until": "13:30"}}


def instant(text: str, zone: str, fold: int = 0) -> int:
    return to_ms(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(dt.UTC))


@pytest.mark.parametrize(
    ("person", "wall", "fold", "quiet"),
    [
        (NIGHT, "2026-05-02 21:59:59", 0, False),
        (NIGHT, "2026-05-02 22:00", 0, True),
        (NIGHT, "2026-05-03 00:00", 0, True),
        (NIGHT, "2026-05-03 06:59:59", 0, True),
        (NIGHT, "2026-05-03 07:00", 0, False),
        (NIGHT, "2026-03-08 03:00", 0, True),  # the hour before it was skipped
        (NIGHT, "2026-03-08 06:59", 0, True),
        (NIGHT, "2026-03-08 07:00", 0, False),
        (NIGHT, "2026-11-01 01:30", 0, True),  # this one comes twice
        (NIGHT, "2026-11-01 01:30", 1, True),
        (NIGHT, "2026-11-01 07:00", 0, False),
        (NOON, "2026-05-02 11:59", 0, False),
        (NOON, "2026-05-02 12:00", 0, True),
        (NOON, "2026-05-02 13:30", 0, False),
        (NOON, "2026-05-02 00:30", 0, False),
    ],
)
def test_quiet_hours_are_those_of_the_recipient_s_wall_clock(person, wall, fold, quiet):
    assert is_quiet(Person.model_validate(person), instant(wall, person["timezone"], fold)) is quiet


@pytest.mark.parametrize("severity", ["info", "watch", "urgent"])
def test_only_urgent_alerts_pass(severity):
    now = Standing(now_ms=instant("2026-05-03 02:00", "America/New_York"))
    told = why_quiet(waiting(severity=severity), now, policy(people={"you@example.com": NIGHT}))
    assert told == (None if severity == "urgent" else "quiet hours 22:00-07:00 (America/New_York)")


def test_who_asked_for_no_quiet_has_none():
    now = Standing(now_ms=instant("2026-05-03 02:00", "America/New_York"))
    assert why_quiet(waiting(recipient="b@example.com"), now, policy(people={"you@example.com": NIGHT})) is None
    assert not is_quiet(Person(), now.now_ms)


@given(st.times(), st.times(), st.times())
def test_quiet_hours_and_the_rest_of_the_day_are_each_other_s_opposite(since, until, wall):
    since, until = since.replace(second=0, microsecond=0), until.replace(second=0, microsecond=0)
    if since == until:
        return
    now = to_ms(dt.datetime.combine(dt.date(2026, 5, 2), wall, dt.UTC))
    shown = {"since": f"{since:%H:%M}", "until": f"{until:%H:%M}"}
    night = Person.model_validate({"quiet": shown})
    day = Person.model_validate({"quiet": {"since": shown["until"], "until": shown["since"]}})
    assert is_quiet(night, now) is not is_quiet(day, now)


@pytest.mark.parametrize(
    ("kind", "subject", "down"),
    [
        ("stale_source", "", True),
        ("outcome", "blocked", True),
        ("outcome", "unavailable", True),
        ("outcome", "parse_error", False),  # one race was misread: the boards of the others are sound
        ("crawl_failures", "", False),
        ("gone", "", False),
    ],
)
def test_what_counts_as_a_source_that_is_down(kind, subject, down):
    assert source_down(kind, subject) is down
