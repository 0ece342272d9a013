"""The loop: it goes on, it sleeps, it tells."""

import logging
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from alerts.reading.facts import Polling
from horses_scrapy.clock import Clock
from horses_scrapy.errors import ALREADY_RUNNING, StoreBroken, StoreBusy
from horses_scrapy.scheduling.alarms import LateWindows
from horses_scrapy.scheduling.outage import ALARM_MS, Outage
from horses_scrapy.scheduling.snapshot import Snapshot
from horses_scrapy.storage.leader import Deposed
from horses_scrapy.storage.slots import SlotRow, write_slot


class Stops:
    """A stop that is asked for after some waits; `waits` are the seconds that the loop wanted to sleep."""

    def __init__(self, after, then=lambda: None):
        self.waits, self._after, self._then = [], after, then

    def wait(self, seconds):
        self.waits.append(seconds)
        self._then()
        return len(self.waits) >= self._after


@pytest.mark.parametrize(
    "error", [StoreBusy("pid 7 holds it"), OperationalError("x", {}, Exception()), OSError("disk full")]
)
def test_a_look_that_fails_does_not_stop_the_next(scheduler, fake, monkeypatch, caplog, error):
    looks = []

    def snapshot():
        looks.append(1)
        if len(looks) == 1:
            raise error
        return type(scheduler).snapshot(scheduler)

    monkeypatch.setattr(scheduler, "snapshot", snapshot)
    stop = Stops(2)
    scheduler.run(stop)
    assert stop.waits[0] == 10, "no busy loop on an error"
    assert len(fake.posts) == 2
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [error]


def test_a_broken_disk_is_not_asked_again(scheduler, monkeypatch):
    def snapshot():
        raise StoreBroken("disk I/O error")

    monkeypatch.setattr(scheduler, "snapshot", snapshot)
    with pytest.raises(StoreBroken):
        scheduler.run(Stops(2))


def test_a_fault_of_the_program_is_not_hidden(scheduler, monkeypatch):
    monkeypatch.setattr(scheduler, "snapshot", dict)
    with pytest.raises(AttributeError):
        scheduler.run(Stops(2))


def test_it_sleeps_until_the_next_poll_and_no_longer_than_a_tick(scheduler, fake, clock, cards):
    cards.race("aqu", 1, clock.at + 3_000_000)
    stop = Stops(1)
    scheduler.run(stop)
    assert stop.waits == [1.0], "jobs are under way: their boards are told as they come"
    for job in fake.job_ids:
        cards.run("aqu", job, clock.at, finished_at=clock.at, outcome="ok")
    fake.finish()
    scheduler.run(stop)
    assert stop.waits[-1] == 10
    clock.at += 296_000 - clock.at % 300_000 + 300_000  # 4 s before aqu's instant, 150 s after gp's
    scheduler.run(stop)
    for job in fake.job_ids:
        cards.run("aqu", job, clock.at, finished_at=clock.at, outcome="ok")
    fake.finish()
    scheduler.run(stop)
    assert stop.waits[-1] == 4


def test_it_does_not_spin_while_scrapyd_is_away(scheduler, fake):
    fake.failing = ["down"]
    stop = Stops(3)
    scheduler.run(stop)
    assert min(stop.waits) == 10


def test_a_look_that_failed_late_is_followed_on_time(scheduler, clock, monkeypatch):
    def snapshot():
        clock.at += 7000
        raise StoreBusy("pid 7 holds it")

    monkeypatch.setattr(scheduler, "snapshot", snapshot)
    stop = Stops(1)
    scheduler.run(stop)
    assert stop.waits == [3]


def test_a_scheduler_that_was_replaced_ends_and_writes_nothing(scheduler, restarted, fake, cards, clock):
    successor = restarted()
    with pytest.raises(Deposed, match=r"of epoch 1 leads no more, but .*, epoch 2"):
        scheduler.run(Stops(9))
    assert (fake.posts, cards.rows("slot")) == ([], [])
    assert Deposed.exit_code == ALREADY_RUNNING
    successor.look()
    assert len(fake.posts) == 2


def test_the_leader_says_at_each_tick_that_it_is_alive(scheduler, clock, cards):
    for _ in range(4):
        scheduler.look()
        clock.at += 5000
    assert [row["renewed_at"] for row in cards.rows("leader")] == [clock.at - 10_000]


@pytest.mark.parametrize("step_s", [-3600, 90])
def test_a_clock_that_is_set_is_told(scheduler, clock, caplog, step_s):
    scheduler.look()
    clock.at += 10_000
    scheduler.look()
    assert "The clock was set" not in caplog.text
    clock.step(step_s * 1000)
    scheduler.look()
    assert f"The clock was set by {step_s:+d} s" in caplog.text


def test_a_window_that_does_not_start_is_an_alarm_once(scheduler, store, clock, caplog):
    row = SlotRow(
        track="aqu", kind="window", due_at=clock.at, due_mono=clock.monotonic_ms(), job_id="w", state="posted",
        posted_at=clock.at, until_at=clock.at + 300_000, every=15_000,
    )  # fmt: skip
    with store.write() as connection:
        write_slot(connection, row)
    scheduler.parts.scrapyd.pending["w"] = "track_aqu"
    for _ in range(4):
        scheduler.look()
        clock.at += 3000
    alarms = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(alarms) == 1
    assert alarms[0].startswith("Window w has not started 6 s after it was due")


def test_late_windows_tell_the_rules_until_a_later_one_starts():
    def window(due_s, job, run_id=None, state="posted"):
        due = 1_000_000 + due_s * 1000
        return SlotRow(
            track="aqu", kind="window", due_at=due, due_mono=due, job_id=job, state=state, until_at=due + 300_000,
            run_id=run_id,
        )  # fmt: skip

    windows, known = LateWindows(), []
    before, late, other = window(-300, "w0", run_id=1), window(0, "w1"), window(2, "w2")
    for now_s, slots in [
        (1, [late]),
        (5, [before, late]),
        (8, [before, late, other]),
        (9, [before, replace(late, state="failed"), replace(other, run_id=2)]),
    ]:
        windows.look(Snapshot(1_000_000 + now_s * 1000, 1_000_000 + now_s * 1000, 1.0, slots=tuple(slots)))
        known += [windows.polling]
    stalled = Polling(subject="windows", at=1_000_000, lasts_ms=8000, told=("w1", "w2"))
    works = (Polling(subject="windows"),)
    assert known == [(), works, (replace(stalled, told=("w1", "w2")),), works]


def test_a_window_that_was_given_up_is_over_with_the_next_one_only():
    due = 1_000_000
    row = SlotRow(
        track="aqu", kind="window", due_at=due, due_mono=due, job_id="w1", state="posted", until_at=due + 9000
    )
    later = replace(row, due_at=due + 60_000, due_mono=due + 60_000, job_id="w2", run_id=7)
    windows = LateWindows()
    for now, slots, over in [(6000, (row,), False), (10_000, (row,), False), (60_100, (row, later), True)]:
        windows.look(Snapshot(due + now, due + now, 1.0, slots=slots))
        assert [one.at is None for one in windows.polling] == [over]


def test_a_run_that_went_wrong_is_told_once_and_when_it_has_ended(scheduler, store, cards, clock, caplog):
    caplog.set_level("WARNING", logger="horses_scrapy.scheduling.console")
    cards.run("aqu", "job-1", clock.at)
    cards.run("gp", "job-2", clock.at, finished_at=clock.at, outcome="ok")
    cards.run("gp", "job-3", clock.at, finished_at=clock.at, outcome="no_card")
    scheduler.report()
    assert caplog.messages == []
    with store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE crawl_run SET outcome = 'blocked', reason = 'HTTP 403 from a\x1b[2J' WHERE job_id = 'job-1'"
        )
    scheduler.report()
    scheduler.report()
    assert caplog.messages == ["Crawl job-1 ended blocked: HTTP 403 from a?[2J"]


def test_boards_and_alerts_are_told_once_in_whatever_order_they_are_evaluated(scheduler, store, cards, caplog):
    caplog.set_level("INFO", logger="horses_scrapy.scheduling.console")
    race = cards.race("aqu", 1, None)
    with store.write() as connection:
        connection.exec_driver_sql("INSERT INTO source VALUES (1, 'demo', 'board', 'display')")

    def board(number, evaluated):
        with store.write() as connection:
            connection.exec_driver_sql(
                "INSERT INTO board (board_id, race_id, source_id, fetched_at, status, evaluated_at) "
                f"VALUES ({number}, {race}, 1, {number}, 1, {evaluated})"
            )

    def alert(board, text):
        with store.write() as connection:
            connection.exec_driver_sql(
                "INSERT INTO alert (rule, alert_type, scope, race_id, market, subject, unit, message, detail, "
                "triggered_at, board_id, created_at, committed_mono) "
                f"VALUES ('r', 'k', 's', {race}, '', '', '', '{text}', '', 1, {board}, 1, 1)"
            )

    board(1, "NULL")
    board(2, 5)
    alert(2, "AQU R1 #5 6-1 -> 3-1")
    alert(2, "AQU R1 #6 \x1b[2J")
    scheduler.report()
    scheduler.report()
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE board SET evaluated_at = 6 WHERE board_id = 1")
    board(3, 7)
    alert(3, "AQU R1 #7")
    scheduler.report()
    scheduler.report()
    assert caplog.messages == [
        "Scraped race AQU R1: 2 alerts", "ALERT AQU R1 #5 6-1 -> 3-1", "ALERT AQU R1 #6 ?[2J",
        "Scraped race AQU R1: 0 alerts", "Scraped race AQU R1: 1 alert", "ALERT AQU R1 #7",
    ]  # fmt: skip


def test_what_a_crash_left_unevaluated_is_evaluated_at_each_tick_not_at_each_look(scheduler, clock, monkeypatch):
    asked = []
    monkeypatch.setattr(
        scheduler.parts.engine, "evaluate_pending", lambda older_than_ms: asked.append(older_than_ms) or []
    )
    for _ in range(4):
        scheduler.look()
        clock.at += 5_000
    assert asked == [60_000, 60_000]


def test_an_outage_is_told_when_it_begins_lasts_and_ends(monkeypatch, caplog):
    caplog.set_level("INFO")
    outage, now = Outage(), [0]
    assert outage.polling(Clock()) == (), "it was not asked yet"
    monkeypatch.setattr("horses_scrapy.scheduling.outage.Clock.monotonic_ms", lambda: now[0])
    for now[0] in range(0, 2 * ALARM_MS + 1, 10_000):
        outage.failed(StoreBusy("no answer"))
        assert outage.lasts
    (known,) = outage.polling(Clock())
    assert (known.subject, known.lasts_ms, known.told) == ("scrapyd", 2 * ALARM_MS, ("no answer",))
    outage.answered()
    outage.answered()
    assert not outage.lasts
    assert outage.polling(Clock()) == (Polling(subject="scrapyd"),)
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.ERROR, logging.INFO]
    assert "No answer for 30 s" in caplog.messages[1]
