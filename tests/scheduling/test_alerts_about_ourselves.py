"""What no board can tell is told by the scheduler's tick: through its own loop, on a database."""

import logging

import pytest

from horses_scrapy.errors import StoreBusy
from horses_scrapy.scheduling import loop

RULES = """
rules:
  - {name: failing, kind: outcome}
  - {name: silent, kind: stale_source}
  - {name: base, kind: database, free_mb: 1}
  - {name: polls, kind: polling}
"""


class Stops:
    """A stop that is asked for after some waits."""

    def __init__(self, after, then=lambda _wait: None):
        self.waits, self._after, self._then = 0, after, then

    def wait(self, _seconds):
        self.waits += 1
        self._then(self.waits)
        return self.waits >= self._after


@pytest.fixture
def scheduler(home, restarted):
    (home / "config" / "alerts.yaml").write_text(RULES)
    return restarted()


@pytest.fixture
def told(caplog):
    """The console's lines of alerts."""
    caplog.set_level(logging.INFO, logger="horses_scrapy.scheduling.console")
    return lambda: [message for message in caplog.messages if message.startswith("ALERT")]


def test_a_tick_tells_what_went_wrong_and_what_is_over(scheduler, cards, clock, told):
    cards.run("aqu", "job-1", clock.at - 9000, finished_at=clock.at - 1000, outcome="blocked")
    scheduler.look()
    assert told() == ["ALERT AQU crawl ended blocked the newest at 11:06 EDT [outcome: failing]"]
    cards.run("aqu", "job-2", clock.at, finished_at=clock.at + 500, outcome="ok")
    clock.at += 9_000
    scheduler.look()
    assert len(told()) == 1, "not at every look"
    clock.at += 1_000
    scheduler.look()
    assert told()[1:] == ["ALERT AQU crawl ended well after blocked [over: outcome: failing]"]


def test_tracks_that_are_not_watched_are_not_told(scheduler, cards, clock, told):
    cards.run("closed_down", "job-1", clock.at - 9000, finished_at=clock.at - 1000, outcome="blocked")
    scheduler.look()
    assert told() == []


def test_a_silent_source_is_told_although_scrapyd_is_away(scheduler, cards, fake, clock, store, told):
    race = cards.race("gp", 3, clock.at + 6 * 60_000)
    with store.write() as connection:
        connection.exec_driver_sql("INSERT INTO source VALUES (1, 'demo', 'board', 'display')")
        connection.exec_driver_sql(
            "INSERT INTO race_source (race_id, source_id, source_key, url, is_primary, status) "
            f"VALUES ({race}, 1, 'R3', 'https://track.example/3', 1, 'open')"
        )
    fake.failing = ["down"]
    scheduler.look()
    clock.at += 290_000
    scheduler.look()
    assert told() == [], "no crawl has had its chance yet"
    clock.at += 10_000
    scheduler.look()
    assert told() == ["ALERT GP source no sound board for 5 min R3 is near its post [stale_source: silent]"]


def test_a_restart_tells_nothing_again(scheduler, restarted, cards, clock, told):
    cards.run("gp", "job-1", clock.at - 9000, finished_at=clock.at - 1000, outcome="parse_error")
    scheduler.look()
    restarted().look()
    assert len(told()) == 1


def test_a_database_that_was_busy_is_told_by_the_first_look_that_can_write(
    scheduler, cards, clock, monkeypatch, caplog, told
):
    write_due = loop.write_due

    def busy(*_):
        raise StoreBusy("process 7 holds it")

    monkeypatch.setattr(loop, "write_due", busy)

    def between(wait):
        clock.at += 10_000
        if wait == 2:
            monkeypatch.setattr(loop, "write_due", write_due)

    scheduler.run(Stops(3, between))
    critical = [record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL]
    assert len(critical) == 1
    assert "process 7 holds it" in critical[0]
    assert told() == ["ALERT SYSTEM database could not be written since 15:06 UTC [database: base]"]


def test_what_is_not_the_databases_fault_is_not_told_as_such(scheduler, fake, monkeypatch, clock, told):
    def away(*_):
        raise OSError("no descriptors left")

    write_due = loop.write_due
    monkeypatch.setattr(loop, "write_due", away)
    scheduler.run(Stops(2, lambda _wait: monkeypatch.setattr(loop, "write_due", write_due)))
    assert told() == []


def test_nothing_polled_is_told_within_a_minute_of_the_first_silence(
    scheduler, cards, fake, clock, store, told, monkeypatch
):
    monkeypatch.setattr("horses_scrapy.scheduling.outage.Clock.monotonic_ms", clock.monotonic_ms)
    fake.failing = ["down"]
    scheduler.look()
    first = clock.at
    while not told():
        clock.at += 10_000
        scheduler.look()
    assert clock.at - first == 30_000
    assert told() == ["ALERT SYSTEM scrapyd has not answered for 30 s since 15:06 UTC [polling: polls]"]
    fake.failing = []
    clock.at += 10_000
    scheduler.look()
    assert told()[1:] == ["ALERT SYSTEM scrapyd answers again [over: polling: polls]"]
