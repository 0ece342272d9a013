"""The real scrapyd, started by scripts/run_scrapyd.py, and scripts/scheduler.py as a process beside it."""

import signal
import sqlite3
import time
from contextlib import closing
from itertools import pairwise

import pytest
import requests
from sqlalchemy import select

from horses_scrapy.clock import Clock
from horses_scrapy.errors import ALREADY_RUNNING, OK
from horses_scrapy.health import ScrapydClient, ScrapydRefused, check
from horses_scrapy.scheduling import snapshot
from horses_scrapy.scheduling.jobs import Dispatcher
from horses_scrapy.storage import schema
from horses_scrapy.storage.slots import SlotRow, write_slot


def rows(store, table):
    with store.read() as connection:
        return [dict(row) for row in connection.execute(select(schema.metadata.tables[table])).mappings()]


def test_nobody_gets_in_without_the_password(real):
    url = real.settings.scrapyd.url
    for path in ("daemonstatus.json", "listjobs.json", "logs/", "jobs", ""):
        assert requests.get(f"{url}/{path}", timeout=5).status_code == 401, path
    assert requests.post(f"{url}/schedule.json", data={"project": "horses"}, timeout=5).status_code == 401
    assert requests.get(f"{url}/daemonstatus.json", auth=("horses", "correct-horse"), timeout=5).status_code == 200
    assert not real.client.is_open()
    with pytest.raises(ScrapydRefused, match="401: its password is not ours") as refused:
        ScrapydClient(url, "horses", "mistaken", "horses", 5).daemonstatus()
    assert "mistaken" not in str(refused.value)


def test_our_configuration_is_really_read(real):
    assert "max_proc=6" in real.scrapyd.output, "the tracks, and four more"
    assert (real.home / "data" / "scrapyd" / "dbs" / "jobs.db").is_file(), "SqliteJobStorage, and where"
    assert [path.name for path in (real.home / "config").iterdir() if path.is_dir()] == [], "nothing beside the files"
    for service in ("addversion.json", "delversion.json", "delproject.json"):
        answer = requests.post(f"{real.settings.scrapyd.url}/{service}", auth=("horses", "correct-horse"), timeout=5)
        assert answer.status_code == 404, service
    assert "correct-horse" not in real.scrapyd.output


def test_it_is_healthy(real):
    assert check(real.settings, real.store) == []


def test_a_job_runs_in_place_and_an_error_with_http_200_is_an_error(fresh, waited):
    client = fresh.client
    client.schedule("track_aqu", "aqu-card-1", -60, {"race": "3,4", "give_up_at": "1"})
    assert client.listjobs().knows("aqu-card-1")
    with pytest.raises(ScrapydRefused, match="spider 'track_sa' not found"):
        client.schedule("track_sa", "j0", 0, {})
    with pytest.raises(ScrapydRefused, match="project 'other' not found"):
        ScrapydClient(client.url, "horses", "correct-horse", "other", 5).listjobs()
    waited(lambda: "aqu-card-1" in client.listjobs().finished)
    assert [row["outcome"] for row in rows(fresh.store, "crawl_run")] == ["ok"]
    assert (fresh.home / "data/scrapyd/logs/horses/track_aqu/aqu-card-1.log").is_file()
    with closing(sqlite3.connect(fresh.home / "data/scrapyd/dbs/jobs.db")) as jobs:
        assert ("aqu-card-1",) in jobs.execute("SELECT job FROM finished_jobs").fetchall(), "they outlive a restart"
    assert client.cancel("aqu-card-1") is None


def test_never_two_jobs_of_a_track_at_once(fresh, waited):
    """A poll falls due five times as often as a job ends."""
    now, client, settings = Clock(), fresh.client, fresh.settings
    fresh.tell(seconds=0.5)
    dispatcher = Dispatcher(fresh.store, client, settings)
    most, number, ended = 0, 0, 0
    while ended < 2:
        number += 1
        at = now.now_ms()
        row = SlotRow(track="aqu", kind="near", due_at=at, due_mono=now.monotonic_ms(), job_id=f"aqu-near-{number}")
        with fresh.store.write() as connection:
            write_slot(connection, row)
            seen = snapshot.take(connection, now, settings, ["aqu"])
        dispatcher.dispatch(seen, [slot for slot in seen.slots if slot.state == "planned"], client.listjobs())
        jobs = client.listjobs()
        most = max(most, [*jobs.pending.values(), *jobs.running.values()].count("track_aqu"))
        ended = sum(row["finished_at"] is not None for row in rows(fresh.store, "crawl_run"))
        time.sleep(0.1)
    waited(lambda: not client.listjobs().active_spiders)
    runs = sorted(rows(fresh.store, "crawl_run"), key=lambda row: row["started_at"])
    assert most == 1
    assert all(before["finished_at"] <= after["started_at"] for before, after in pairwise(runs))
    posted = [slot["job_id"] for slot in rows(fresh.store, "slot") if slot["state"] == "posted"]
    assert sorted(posted) == sorted(row["job_id"] for row in runs)


@pytest.mark.slow
def test_a_job_that_does_not_end_is_stopped(fresh, waited):
    fresh.tell(seconds=60)
    client = fresh.client
    client.schedule("track_gp", "gp-card-2", 0, {})
    waited(lambda: rows(fresh.store, "crawl_run"))
    assert client.cancel("gp-card-2", kill=True) == "running"
    waited(lambda: "gp-card-2" in client.listjobs().finished)


def test_once_crawls_each_track_and_awaits_its_end(fresh):
    fresh.tell(gp="no_card")
    once = fresh.launch("scheduler.py", "--once")
    assert once.process.wait(60) == OK, once.output
    assert "Monitoring 2 tracks: AQU, GP" in once.output
    assert "SQLite 3." in once.output
    runs = {row["track"]: row for row in rows(fresh.store, "crawl_run")}
    slots = {row["track"]: row for row in rows(fresh.store, "slot")}
    assert {track: row["outcome"] for track, row in runs.items()} == {"aqu": "ok", "gp": "no_card"}
    for track, slot in slots.items():
        assert (slot["state"], slot["kind"]) == ("posted", "card")
        assert (runs[track]["job_id"], runs[track]["due_mono"]) == (slot["job_id"], slot["due_mono"])


def test_start_second_instance_kill_start_and_stop(fresh, waited):
    first = fresh.launch("scheduler.py")
    waited(lambda: len(rows(fresh.store, "crawl_run")) == 2)
    second = fresh.launch("scheduler.py")
    assert second.process.wait(30) == ALREADY_RUNNING
    assert f"pid {first.process.pid}, for 0 h 0 min" in second.output

    first.end(signal.SIGKILL)
    third = fresh.launch("scheduler.py")
    third.wait_for("Watching")
    began = time.monotonic()
    assert third.end(signal.SIGTERM) == OK
    assert time.monotonic() - began < 10
    assert "Stopped" in third.output
    assert len(rows(fresh.store, "slot")) == 2, "what was polled before the kill is not polled again"
    assert "correct-horse" not in first.output + second.output + third.output


@pytest.mark.fault
def test_scrapyd_killed_and_started_again_loses_no_poll(settings, launch, cards, store, waited):
    daemon = launch.scrapyd(settings)
    scheduler = launch("scheduler.py", HORSES_SCHEDULER__TICK="1")
    waited(lambda: len(cards.rows("crawl_run")) == 2)
    daemon.end(signal.SIGKILL)
    with store.write() as connection:  # the tracks count as never polled again: due at the next look
        connection.exec_driver_sql("DELETE FROM slot")
    scheduler.wait_for("Polls that fall due wait for it")
    launch.scrapyd(settings)
    scheduler.wait_for("scrapyd answers again")
    waited(lambda: len(cards.rows("crawl_run")) == 4)
    assert scheduler.output.count("Polls that fall due wait for it") == 1
    assert scheduler.end() == OK


@pytest.mark.fault
def test_a_scrapyd_that_hangs_does_not_keep_it_from_stopping(settings, launch, waited, cards):
    daemon = launch.scrapyd(settings)
    running = launch("scheduler.py", HORSES_SCHEDULER__TICK="1")
    waited(lambda: len(cards.rows("crawl_run")) == 2)
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        running.end()
        assert time.monotonic() - began < 12
    finally:
        daemon.process.send_signal(signal.SIGCONT)


@pytest.mark.slow
def test_it_waits_for_scrapyd_when_told_to(settings, launch):
    early = launch("scheduler.py", "--wait", "60", "--once")
    early.wait_for("SQLite 3.")
    launch.scrapyd(settings)
    assert early.process.wait(60) == OK
