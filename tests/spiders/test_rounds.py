"""When a crawl asks: the instants of a window, the days of a crawl, and what -a refuses."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horses_scrapy.clock import Clock
from horses_scrapy.errors import ConfigError
from horses_scrapy.spider_arguments import Days, Window
from horses_scrapy.spider_rounds import Instants

FIRST, EVERY, UNTIL = 1_000_000, 15_000, 1_090_000
TODAY = dt.date(2026, 11, 22)

NEXT = [  # now and the last poll, both after FIRST; the next one
    (-5000, None, 0),
    (0, None, 0),
    (7500, None, 0),  # half the cadence late
    (7501, None, 15_000),
    (40_000, None, 45_000),
    (31_000, None, 30_000),
    (3000, 0, 15_000),
    (16_000, 0, 15_000),
    (22_501, 0, 30_000),  # the poll before went on for too long
    (37_000, 0, 30_000),
    (80_000, 75_000, None),
    (70_000, 60_000, 75_000),
    (500_000, None, None),
]


def instants(**changed):
    window = Window(until=changed.get("until", UNTIL), every=changed.get("every", EVERY))
    return Instants(FIRST, window, Clock(), FIRST, Clock.monotonic_ms())


@pytest.mark.parametrize(("now", "last", "due"), NEXT)
def test_the_next_instant(now, last, due):
    found = instants().next(FIRST + now, None if last is None else FIRST + last)
    assert found == (None if due is None else FIRST + due)


@given(
    every=st.integers(1, 60), took=st.lists(st.integers(0, 200_000), max_size=60), start=st.integers(-60_000, 60_000)
)
def test_each_instant_is_polled_once_and_none_is_left_out_unless_a_poll_took_too_long(every, took, start):
    grid = instants(every=every * 1000, until=FIRST + 600_000)
    now, last, polled = FIRST + start, None, []
    for duration in took:
        due = grid.next(now, last)
        if due is None:
            break
        assert due < FIRST + 600_000
        assert (due - FIRST) % (every * 1000) == 0
        begins = max(now, due)
        assert begins - due <= every * 500
        if last is not None and begins == due:
            assert due - last == every * 1000 or now > last + every * 1500
        polled.append(due)
        now, last = begins + duration, due
    assert polled == sorted(set(polled))


def test_a_clock_that_was_set_is_noticed():
    steady = instants()
    moved = Instants(FIRST, steady.window, Clock(), Clock().now_ms() - 3_600_000, Clock.monotonic_ms())
    right = Instants(FIRST, steady.window, Clock(), Clock().now_ms(), Clock.monotonic_ms())
    assert (moved.clock_was_set(), right.clock_was_set()) == (True, False)


DAYS = {
    "today": ((None, None, None, None), [0]),
    "a date": (("2026-11-20", None, None, None), [-2]),
    "ahead": ((None, "2", None, None), [0, 1, 2]),
    "back": ((None, None, "3", None), [-1, -2, -3]),
}


@pytest.mark.parametrize("case", DAYS)
def test_days(case):
    given_, expected = DAYS[case]
    days = Days.of(TODAY, *given_)
    assert [(date - TODAY).days for date in days.dates] == expected
    assert (days.one, days.again) == (case in {"today", "a date"}, case == "back")


REFUSED = {
    "two ways to name a day": (lambda: Days.of(TODAY, "2026-11-20", "1", None, None), "only one"),
    "no days": (lambda: Days.of(TODAY, None, None, "0", None), "days_back=0"),
    "too many days": (lambda: Days.of(TODAY, None, "401", None, None), "1 to 400"),
    "no number": (lambda: Days.of(TODAY, None, "two", None, None), "days_ahead=two"),
    "nothing to synchronise": (lambda: Days.of(TODAY, None, "1", None, "1"), "days_back"),
    "an end without a cadence": (lambda: Window.of("1795364574000", None), "belong together"),
    "a cadence of nothing": (lambda: Window.of("1795364574000", "0"), "every=0"),
    "an end that is no instant": (lambda: Window.of("12:00", "15"), "until=12:00"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_named(case):
    make, words = REFUSED[case]
    with pytest.raises(ConfigError, match=words):
        make()
