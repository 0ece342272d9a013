"""Summaries of what caps held back, and the daily mail."""

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from delivering import YOU, at, policy

from alerts.daily import alive, turns
from alerts.overflow import summaries
from alerts.wording.detail import Detail
from horses_scrapy.clock import to_ms
from horses_scrapy.storage.deliveries import Untold

DETAIL = Detail(
    track_key="gulf", track_code="GP", track_name="Gulf Downs", timezone="America/New_York", race_date="2026-05-02",
    race_number=1, post_time=at(3600), url="", source="demo", rule="short", kind="win_odds_below", severity="watch",
    event="fired", what="#5", who="Dancer", move="6-1 -> 3-1", condition="below 7-2", minutes=10, pool=None, points=None,
    notes=(), basis=None, notation="board", path=(), expected=None, fetched_at=at(0), source_time=None,
)  # fmt: skip


def untold(alert_id=1, *, made=0.0, race=1, window="race", cap=4, **fields) -> Untold:
    plain = {
        "recipient": YOU, "channel": "mail", "kind": "win_odds_below", "created_at": at(made), "expires_at": at(6300),
        "detail": dataclasses.replace(DETAIL, race_number=race).to_json(), "scope": f"race:{race}", "status": "open",
        "off_at": None, "waiting": False, "reason": f"cap: {cap} messages a {window}",
    }  # fmt: skip
    return Untold(alert_id=alert_id, **{**plain, **fields})


OVER = {
    "race open": (untold(), 60, False),
    "race off, its result may be held back too": (untold(status="closed", off_at=at(9)), 60, False),
    "race official": (untold(status="official"), 60, True),
    "race cancelled": (untold(status="cancelled"), 60, True),
    "official, others still wait": (untold(status="official", waiting=True), 60, False),
    "never heard of again": (untold(), 6301, True),
    "the hour": (untold(window="hour"), 3599.999, False),
    "the hour is over": (untold(window="hour"), 3600, True),
    "the clock was put back": (untold(window="hour", made=10), 9, True),
    "the day": (untold(window="day"), 4 * 3600 - 0.001, False),  # at(0) is 20:00 UTC
    "the day is over": (untold(window="day"), 4 * 3600, True),
}


@pytest.mark.parametrize(("one", "now", "over"), OVER.values(), ids=OVER)
def test_a_summary_comes_when_its_window_is_over(one, now, over):
    assert bool(summaries([one], policy(), at(now))) is over


def test_a_day_is_the_recipient_s():
    person = {YOU: {"timezone": "Asia/Tokyo"}}  # at(0) is 05:00 there
    assert not summaries([untold(window="day")], policy(people=person), at(18.9 * 3600))
    assert summaries([untold(window="day")], policy(people=person), at(19 * 3600))


def test_a_summary_waits_for_the_end_of_quiet_hours():
    person = {YOU: {"quiet": {"since": "19:00", "until": "21:00"}}}
    held = [untold(status="official")]
    assert not summaries(held, policy(people=person), at(0))
    assert len(summaries(held, policy(people=person), at(3600))) == 1


def test_what_a_summary_says():
    several = [
        untold(1, status="official"),
        untold(2, status="official", kind="steam"),
        untold(3, status="official"),
        untold(4, recipient="bob@example.com", status="official"),
    ]
    [yours, bobs] = summaries(several, policy(), at(0))
    assert yours.notice.subject == "GP R1 2026-05-02: 3 alerts held back"
    assert yours.notice.heading == "3 alerts held back by the cap of 4 messages a race: GP R1 2026-05-02"
    assert yours.notice.lines == (
        "1 steam",
        "2 win_odds_below",
        "Nothing is lost. What each one was, and why:",
        "python scripts/alertctl.py explain --track gulf --race 1 --date 2026-05-02",
    )
    assert [each.alert_id for each in yours.told] == [1, 2, 3]
    assert bobs.notice.subject == "GP R1 2026-05-02: 1 alert held back"


def test_one_summary_for_each_window_of_each_cap():
    several = [
        untold(1, status="official"), untold(2, race=2, status="official"), untold(3, window="hour"),
        untold(4, race=2, window="hour"), untold(5, window="day"), untold(6, window="day", made=86_400),
        untold(7, channel="apprise", window="hour"),
    ]  # fmt: skip
    made = summaries(several, policy(), at(3 * 86_400))
    assert [[each.alert_id for each in one.told] for one in made] == [[1], [2], [3, 4], [5], [6], [7]]
    assert len({one.notice.key for one in made}) == 6
    assert [one.notice.subject for one in made[2:5]] == [
        "the hour from 2026-05-02 20:00 UTC: 2 alerts held back",
        "2026-05-02: 1 alert held back",
        "2026-05-03: 1 alert held back",
    ]
    assert made[2].notice.lines[-2:] == (
        "python scripts/alertctl.py explain --track gulf --race 1 --date 2026-05-02",
        "python scripts/alertctl.py explain --track gulf --race 2 --date 2026-05-02",
    )


def test_a_summary_made_again_is_the_same():
    first, again = (summaries([untold(number, status="official")], policy(), at(0)) for number in (1, 77))
    assert first[0].notice == again[0].notice


# --- The daily mail -------------------------------------------------------------------------------------------------------

ZONE = "America/New_York"


def instant(text: str, zone=ZONE) -> int:
    return to_ms(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC))


def at_eight(daily="08:00", zone=ZONE):
    return policy(people={YOU: {"timezone": zone, "daily": daily}})


@pytest.mark.parametrize(
    ("daily", "now", "day"),
    [
        ("08:00", "2026-05-02 07:59:59", None),
        ("08:00", "2026-05-02 08:00", "2026-05-02"),
        ("08:00", "2026-05-02 09:59:59", "2026-05-02"),
        ("08:00", "2026-05-02 10:00", None),  # nothing ran at eight: the missing mail says so
        ("23:30", "2026-05-03 00:30", "2026-05-02"),
        ("23:30", "2026-05-02 23:30", "2026-05-02"),
        ("00:00", "2026-05-02 00:00", "2026-05-02"),
        ("02:30", "2026-03-08 03:29", None),  # 02:30 is skipped that day: read by the clock of before it is 03:30
        ("02:30", "2026-03-08 03:30", "2026-03-08"),
        ("01:30", "2026-11-01 01:30", "2026-11-01"),
    ],
)
def test_whose_time_has_come(daily, now, day):
    assert [one.day.isoformat() for one in turns(at_eight(daily), instant(now))] == ([] if day is None else [day])


def test_a_turn_reaches_back_to_yesterday_s_whatever_the_clock_did():
    [turn] = turns(at_eight(), instant("2026-03-08 08:00"))
    assert (turn.since_ms, turn.until_ms) == (instant("2026-03-07 08:00"), instant("2026-03-08 08:00"))
    assert turn.until_ms - turn.since_ms == 23 * 3_600_000
    assert turn.scope == "daily:2026-03-08"


def test_who_asked_for_none_gets_none():
    assert turns(policy(people={YOU: {}}), instant("2026-05-02 08:00")) == []
    people = {"pager": {"daily": "08:00"}, YOU: {"daily": "08:00"}}
    made = turns(policy(people=people), instant("2026-05-02 08:00", "UTC"))
    assert [(turn.recipient, turn.channel) for turn in made] == [("pager", "apprise"), (YOU, "mail")]


def test_what_the_daily_mail_says():
    [turn] = turns(at_eight(), instant("2026-05-02 08:00"))
    message = alive(turn, {"sent": 7, "capped": 3, "muted": 1, "pending": 1}, ["aqu", "gulf"])
    assert message.notice.subject == "horses_scrapy is alive: 12 alerts, 7 sent, 0 dead, 2 tracks"
    assert message.notice.lines == (
        "7 sent",
        "0 given up (dead)",
        "3 held back by caps",
        "1 muted",
        "1 still waiting",
        "2 tracks watched: aqu, gulf",
    )
    assert (message.scope, message.told) == ("daily:2026-05-02", ())


def test_a_day_without_a_crawl_is_told():
    [turn] = turns(at_eight(), instant("2026-05-02 08:00"))
    notice = alive(turn, {}, []).notice
    assert notice.subject == "horses_scrapy is alive: 0 alerts, 0 sent, 0 dead, 0 tracks"
    assert notice.lines[-1] == "No track was watched: no crawl ran"
