"""The only now(): its grammar, and that every process given the same pair reads the same time."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horses_scrapy import clock
from horses_scrapy.clock import Clock, from_environment, from_ms, to_ms
from horses_scrapy.errors import ConfigError

EPOCH = 1_777_000_000.0


@pytest.fixture
def real(monkeypatch):
    """Sets what time.time() says, so that a test decides how much real time passes."""
    return lambda seconds: monkeypatch.setattr(time, "time", lambda: seconds)


@pytest.mark.parametrize(
    ("text", "epoch", "rate"),
    [
        ("1777000000@30", EPOCH, 30),
        ("1777000000.25@12.5", EPOCH + 0.25, 12.5),
        ("1777000000@1", EPOCH, 1),
        ("1777000000@0.5", EPOCH, 0.5),
        ("0@1", 0, 1),
    ],
)
def test_the_pair_is_read(text, epoch, rate):
    assert from_environment({"HORSES_CLOCK": text}) == Clock(epoch, rate)


@pytest.mark.parametrize("environ", [{}, {"HORSES_CLOCK": ""}])
def test_without_the_variable_the_clock_is_the_real_one(environ):
    found = from_environment(environ)
    assert found == Clock()
    assert not found.simulated


@pytest.mark.parametrize(
    "text",
    ["30", "@30", "1777000000@", "1777000000@0", "1777000000@0.0", "1777000000@31", "1777000000@30.000001", "1777000000@-1", "-5@2", "1777000000@nan",
     "nan@2", "inf@2", "1e9@2", "1777000000@1e1", "1_777@2", " 1777000000@2", "1777000000@2\n", "1777000000 @ 2", "1777000000@2@2",
     "\N{ARABIC-INDIC DIGIT THREE}@2", "1777000000@\N{FULLWIDTH DIGIT TWO}"],
)  # fmt: skip
def test_a_malformed_pair_or_a_rate_above_30_is_refused_with_the_grammar(text):
    with pytest.raises(
        ConfigError, match=r"HORSES_CLOCK=.* write <epoch seconds>@<rate>, the rate above 0 and at most 30"
    ):
        from_environment({"HORSES_CLOCK": text})


@pytest.mark.parametrize("text", ["1777000000000@2", "999999999999@30"])
def test_an_epoch_in_milliseconds_or_far_ahead_is_refused(text):
    with pytest.raises(ConfigError, match="HORSES_CLOCK"):
        from_environment({"HORSES_CLOCK": text})


def test_simulated_time_starts_at_the_epoch_and_runs_at_the_rate(real):
    shown = Clock(EPOCH, 30)
    real(EPOCH)
    assert shown.now_ms() == 1_777_000_000_000
    real(EPOCH + 2)
    assert shown.now_ms() == 1_777_000_060_000
    assert shown.now() == datetime.fromtimestamp(EPOCH + 60, UTC)
    real(EPOCH - 2)
    assert shown.now_ms() == 1_777_000_000_000 - 60_000


def test_the_real_clock_is_the_real_time(real):
    real(1_777_000_123.4567)
    assert Clock().now_ms() == 1_777_000_123_457
    assert Clock().now().tzinfo is UTC


@given(rate=st.floats(0.1, 30), elapsed=st.floats(0, 1e6))
def test_two_clocks_of_one_pair_agree_at_every_instant(rate, elapsed):
    text = f"1777000000@{rate:.6f}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: EPOCH + elapsed)
        one, other = from_environment({"HORSES_CLOCK": text}), from_environment({"HORSES_CLOCK": text})
        assert one is not other
        assert one.now_ms() == other.now_ms()


def test_two_processes_of_one_pair_agree():
    epoch = time.time()
    code = "from horses_scrapy import clock; print(clock.from_environment().now_ms())"
    shown = Clock(float(f"{epoch:.3f}"), 30)
    before = shown.now_ms()
    other = subprocess.run(
        [sys.executable, "-c", code],
        env={"HORSES_CLOCK": f"{epoch:.3f}@30"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert before <= int(other.stdout) <= shown.now_ms()


@pytest.mark.parametrize(("rate", "simulated"), [(1.0, False), (30.0, True), (0.5, True)])
def test_a_clock_is_simulated_when_its_rate_is_not_1(rate, simulated):
    assert Clock(EPOCH, rate).simulated is simulated


def test_real_seconds_are_what_a_sleep_takes():
    assert Clock(EPOCH, 30).real_seconds(60) == 2
    assert Clock().real_seconds(60) == 60


def test_monotonic_is_the_machines_and_untouched_by_clock_steps(real):
    real(0)
    first = Clock.monotonic_ms()
    real(-1e9)
    second = Clock(EPOCH, 30).monotonic_ms()
    assert first <= second <= time.monotonic_ns() // 1_000_000
    assert isinstance(first, int)


class NoOffset(tzinfo):
    def utcoffset(self, _moment):
        return None


@pytest.mark.parametrize("zone", [None, NoOffset()])
def test_a_naive_datetime_is_refused(zone):
    with pytest.raises(ValueError, match="no time zone"):
        to_ms(datetime(2026, 5, 2, 17, 5, tzinfo=zone))


@pytest.mark.parametrize(
    ("local", "fold", "zone", "utc"),
    [
        ("2026-05-02T17:05", 0, "America/Phoenix", "2026-05-03T00:05Z"),  # Arizona has no summer time
        ("2026-01-02T17:05", 0, "America/Phoenix", "2026-01-03T00:05Z"),
        ("2026-05-02T17:05", 0, "America/New_York", "2026-05-02T21:05Z"),
        ("2026-11-01T01:30", 0, "America/New_York", "2026-11-01T05:30Z"),  # the hour that comes twice
        ("2026-11-01T01:30", 1, "America/New_York", "2026-11-01T06:30Z"),
        ("2025-07-17T12:10", 0, "Pacific/Auckland", "2025-07-17T00:10Z"),
    ],
)
def test_a_local_post_time_is_one_utc_instant(local, fold, zone, utc):
    post = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold)
    assert from_ms(to_ms(post)) == datetime.fromisoformat(utc)


@given(st.integers(0, clock._END_MS - 1))
def test_milliseconds_survive_the_way_to_a_datetime_and_back(milliseconds):
    instant = from_ms(milliseconds)
    assert to_ms(instant) == milliseconds
    assert to_ms(instant.astimezone(timezone(timedelta(hours=5, minutes=45)))) == milliseconds
