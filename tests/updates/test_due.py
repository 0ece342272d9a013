"""Which instant of a cron expression is due: each once, and of those that were missed the newest."""

from datetime import datetime
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from horses_scrapy.clock import from_ms
from horses_scrapy.config.updates import Updates
from horses_scrapy.updates.due import instants, newest_due, next_due

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BERLIN, NEW_YORK, SYDNEY = "Europe/Berlin", "America/New_York", "Australia/Sydney"


def ms(text: str, zone: str = "UTC") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def utc(found: list[int]) -> list[str]:
    return [f"{from_ms(at):%d %H:%M}" for at in found]


@pytest.mark.parametrize(
    ("cron", "since", "now", "newest"),
    [
        ("0 6 * * *", "2026-03-02 05:00", "2026-03-02 05:59:59", None),
        ("0 6 * * *", "2026-03-02 05:00", "2026-03-02 06:00", "2026-03-02 06:00"),
        ("0 6 * * *", "2026-03-02 06:00", "2026-03-02 06:00", None),
        ("0 6 * * *", "2026-03-02 06:00", "2026-03-03 05:59:59", None),
        ("0 6 * * *", "2026-02-20 06:00", "2026-03-02 11:00", "2026-03-02 06:00"),  # ten missed: the newest
        ("0 6 * * *", "2026-03-02 06:00", "2026-03-02 05:00", None),  # a clock that was set back
        ("*/15 9-20 * * *", "2026-03-02 09:00", "2026-03-02 09:14", None),
        ("*/15 9-20 * * *", "2026-03-02 09:00", "2026-03-02 23:00", "2026-03-02 20:45"),
        ("0 23 * * 0", "2026-03-01 23:00", "2026-03-08 22:59", None),  # 0 is Sunday
        ("0 23 * * 0", "2026-03-01 23:00", "2026-03-08 23:00", "2026-03-08 23:00"),
        ("0 3 1 * *", "2026-02-01 03:00", "2026-03-20 00:00", "2026-03-01 03:00"),
        ("0 3 29 2 *", "2026-01-01 00:00", "2027-12-31 00:00", None),
        ("5,35 8 * * 1-5", "2026-03-07 00:00", "2026-03-08 23:00", None),  # a weekend
    ],
)
def test_the_newest_instant_that_has_come(cron, since, now, newest):
    assert newest_due(cron, "UTC", ms(since), ms(now)) == (None if newest is None else ms(newest))


@pytest.mark.parametrize(
    ("cron", "zone", "from_", "until", "fired"),
    [
        # A fixed time that the clocks skip comes right after the change; one that they repeat, once.
        ("30 2 * * *", BERLIN, "2026-03-28 12:00", "2026-03-30 12:00", ["29 01:00", "30 00:30"]),
        ("30 2 * * *", BERLIN, "2026-10-24 12:00", "2026-10-26 12:00", ["25 00:30", "26 01:30"]),
        ("30 2 * * *", NEW_YORK, "2026-03-07 12:00", "2026-03-09 12:00", ["08 07:00", "09 06:30"]),
        ("30 1 * * *", NEW_YORK, "2026-10-31 12:00", "2026-11-02 12:00", ["01 05:30", "02 06:30"]),
        # A time of day stays one.
        ("0 6 * * *", BERLIN, "2026-03-27 12:00", "2026-03-30 12:00", ["28 05:00", "29 04:00", "30 04:00"]),
        ("0 6 * * *", BERLIN, "2026-10-24 12:00", "2026-10-26 12:00", ["25 05:00", "26 05:00"]),
        # Every half hour goes on by the clock: none is left out, none comes twice.
        ("*/30 * * * *", BERLIN, "2026-10-25 00:00", "2026-10-25 02:00", ["25 00:30", "25 01:00", "25 01:30"]),
        ("*/30 * * * *", BERLIN, "2026-03-29 00:00", "2026-03-29 02:00", ["29 00:30", "29 01:00", "29 01:30"]),
    ],
)
def test_around_a_change_of_the_clocks(cron, zone, from_, until, fired):
    assert utc(list(takewhile(lambda at: at < ms(until), instants(cron, zone, ms(from_))))) == fired


CRONS = st.sampled_from(
    [*(Updates().of(name).cron for name in Updates.NAMES), "30 2 * * *", "30 1-3 * * *", "*/30 * * * *", "15 2 * * 0"]
)
ZONES = st.sampled_from(["UTC", BERLIN, NEW_YORK, SYDNEY])
STARTS = st.sampled_from([ms("2026-03-28"), ms("2026-10-24"), ms("2026-03-07"), ms("2026-10-31"), ms("2026-04-04")])
PAUSES = st.lists(st.integers(1, 6 * HOUR) | st.just(10 * MINUTE), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(CRONS, ZONES, STARTS, PAUSES)
@example("30 2 * * *", BERLIN, ms("2026-10-24 23:50"), [10 * MINUTE] * 30)
def test_whenever_one_looks_each_instant_fires_once_and_the_newest_missed_one_does(cron, zone, start, pauses):
    every = list(takewhile(lambda at: at <= start + sum(pauses), instants(cron, zone, start)))
    assert every == sorted(set(every))
    now, last, fired = start, start, []
    for pause in pauses:
        before, now = now, now + pause
        came = [at for at in every if before < at <= now]
        due = newest_due(cron, zone, last, now)
        assert due == (came[-1] if came else None)
        if due is not None:
            fired.append(due)
            last = due
    assert len(fired) == len(set(fired))


@settings(max_examples=25, deadline=None)
@given(CRONS, ZONES, STARTS, st.integers(0, 30 * HOUR))
def test_the_instants_do_not_depend_on_where_one_begins_to_count(cron, zone, start, later):
    whole = [at for at in islice(instants(cron, zone, start), 400) if at > start + later]
    if whole:
        assert next_due(cron, zone, start + later) == whole[0]


def test_looking_every_ten_minutes_is_enough():
    looks = range(ms("2026-03-02 00:03"), ms("2026-03-05 00:03"), 10 * MINUTE)
    last, fired = looks[0], []
    for now in looks:
        if (due := newest_due("0 6 * * *", "UTC", last, now)) is not None:
            fired.append(due)
            last = due
    assert utc(fired) == ["02 06:00", "03 06:00", "04 06:00"]
