"""A window: one crawl that polls at fixed instants, each of them once, whatever happens around it."""

import fcntl
import json
import signal
import time

import pytest
from clocked import race_day

from horses_scrapy.storage.slots import WINDOW, SlotRow, write_slot

JOB = "demo-window-1"
POLLS = "SELECT * FROM slot WHERE kind = 'poll' ORDER BY due_at"
DONE = "SELECT 1 FROM slot WHERE kind = 'poll' AND committed_mono IS NOT NULL"


@pytest.fixture
def day(tmp_path):
    with race_day(tmp_path, rate=10) as made:
        yield made


def planned(day, first, job=JOB):
    """The window's slot, as the scheduler writes it: due at `first`. The spider's argument that names its job."""
    mono = day.clock.monotonic_ms() - round((day.clock.now_ms() - first) / day.clock.rate)
    row = SlotRow(track="demo", kind=WINDOW, due_at=first, due_mono=mono, job_id=job, trigger="schedule")
    with day.store.write() as connection:
        assert write_slot(connection, row)
    return f"_job={job}"


def stop_between_writes(process, lock):
    """A process that stands still in the middle of a write stands in everybody's way, and that is another matter."""
    while True:
        process.send_signal(signal.SIGSTOP)
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                process.send_signal(signal.SIGCONT)
                time.sleep(0.02)
                continue
        return


def test_it_polls_at_its_instants_and_one_bad_poll_does_not_end_it(day):
    first, args = day.window(3600, every=20, first_in=20)
    day.misbehave(path="/race/*/1/odds", kind="500", count=3)  # as often as one poll asks
    crawl = day.start(*args, planned(day, first))
    day.wait_for(DONE, 4)
    crawl.terminate()
    said = crawl.communicate(timeout=60)[1]
    polls = day.rows(POLLS)
    begun = polls[0].due_at - first  # 0, unless this machine is too busy to start a crawl in two seconds
    assert [poll.due_at - first - begun for poll in polls] == [0, 20_000, 40_000, 60_000, 80_000], said
    assert begun % 20_000 == 0
    assert {(poll.run_id, poll.trigger, poll.state, poll.races) for poll in polls} == {(1, "schedule", "posted", "1")}
    assert [poll.committed_mono is None for poll in polls] == [True] + [False] * (len(polls) - 1)
    assert all(0 <= poll.requested_mono - poll.due_mono < 1000 for poll in polls[1:])
    (run,) = day.rows("SELECT * FROM crawl_run")
    assert (run.kind, run.outcome, run.degraded, run.boards, crawl.returncode) == (WINDOW, "ok", 1, 4, 0)
    assert run.reason.startswith(f"1 of {len(polls)} polls failed: unavailable: HTTP 500")
    told = json.loads(run.summary)
    assert (told["polls"], told["boards"], told["skipped"]) == (len(polls), run.boards, 0)
    assert sum(told["requests"].values()) == run.requests == told["answered"] + 3
    assert day.rows("SELECT sum(requests) FROM host_use WHERE host = '127.0.0.1'") == [(run.requests,)]
    assert f"Run 1: ok: {run.reason}: 4 boards, " in said
    (window,) = day.rows(f"SELECT * FROM slot WHERE job_id = '{JOB}'")
    assert (window.run_id, window.requested_mono) == (1, polls[0].requested_mono)
    assert day.rows("SELECT count(*) FROM track_lease WHERE expires_at > (SELECT finished_at FROM crawl_run)") == [(0,)]


def test_it_is_stopped_between_two_polls_and_ends_well(day):
    _, args = day.window(600, every=30)
    crawl = day.start(*args)
    day.wait_for(DONE)
    crawl.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    _, said = crawl.communicate(timeout=60)
    assert time.monotonic() - asked < 10
    (run,) = day.rows("SELECT * FROM crawl_run")
    assert (run.outcome, run.reason, run.boards, crawl.returncode) == ("ok", "stopped by a signal", 1, 0), said


@pytest.mark.slow
def test_it_ends_with_its_race(tmp_path):
    """The race is over ten minutes after its post at the latest; the window would go on for an hour."""
    with race_day(tmp_path, rate=30) as day:
        _, args = day.window(3600, every=30)
        done = day.crawl(*args)
        (run,) = day.rows("SELECT outcome FROM crawl_run")
        assert run.outcome == "ok", done.stderr
        assert "All that was asked for is over" in done.stderr
        assert day.rows("SELECT status FROM race WHERE race_number = 1") == [("official",)]
        assert day.rows("SELECT count(*) FROM result") != [(0,)]


@pytest.mark.fault
def test_an_orphan_and_its_successor_never_both_count_a_poll(tmp_path):
    """The orphan stands still until its lease is over; the successor's window has the same instants."""
    with race_day(tmp_path, rate=30) as day:
        first, args = day.window(3600, every=30)
        orphan = day.start(*args, planned(day, first))
        day.wait_for(DONE)
        stop_between_writes(orphan, day.home / "data/horses.db.lock")
        time.sleep(65 / day.clock.rate)  # of its lease of 60 s
        successor = day.start(*args, planned(day, first + 1, "demo-window-2"))
        day.wait_for(f"{DONE} AND run_id = 2")
        orphan.send_signal(signal.SIGCONT)
        said = orphan.communicate(timeout=60)[1]
        successor.terminate()
        successor.communicate(timeout=60)
        ends = day.rows("SELECT run_id, outcome FROM crawl_run ORDER BY run_id")
        assert ends == [(1, "superseded"), (2, "ok")], said
        polls = day.rows(POLLS)
        assert len({poll.due_at // 30_000 for poll in polls}) == len(polls)
        counted = day.rows("SELECT run_id, count(*) FROM board GROUP BY run_id ORDER BY run_id")
        assert counted == [
            (run, sum(poll.run_id == run and poll.committed_mono is not None for poll in polls)) for run in (1, 2)
        ]
