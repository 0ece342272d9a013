"""What a crawl leaves in the database, what a second one adds, and what a killed one leaves for the next."""

import signal
import subprocess
import sys
import time

import pytest
from crawling import ROOT

from horses_scrapy import clock
from horses_scrapy.demo import audit

ON_BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgres"])
NO_ALERTS = {
    "ITEM_PIPELINES": '{"horses_scrapy.pipelines.validate.Validate": 100, "horses_scrapy.pipelines.store.Store": 300}'
}


@ON_BOTH
def test_every_stored_price_is_the_totes_own(tote, installation):
    assert installation.crawl("track_demo", tote.date).returncode == 0
    store = installation.store()
    with store.read() as connection:
        assert audit.differences(connection, tote.ledger) == []
    store.close()
    assert installation.count("board") == len(tote.ledger.races)
    assert installation.count("pair_grid") > 0


def test_boards_that_nobody_evaluated_are_evaluated_by_the_next_run(tote, installation):
    assert installation.crawl("track_demo", "race=1", tote.date, settings=NO_ALERTS).returncode == 0
    assert installation.rows("SELECT evaluated_at FROM board")[0].evaluated_at is None
    assert installation.count("alert") == 0
    done = installation.crawl("track_demo", "race=1", tote.date)
    assert "Scraped race DMO R1: " in done.stderr
    assert [row.evaluated_at is None for row in installation.rows("SELECT evaluated_at FROM board")] == [False, False]


def test_a_crawl_without_the_lease_stores_nothing(tote, installation):
    store = installation.store()
    with store.write() as connection:
        far = clock.Clock().now_ms() + 600_000
        connection.exec_driver_sql(f"INSERT INTO track_lease VALUES ('demo', 'another-job', 7, {far})")
    store.close()
    done = installation.crawl("track_demo", "race=1", tote.date)
    run = installation.last_run()
    assert (run.outcome, run.requests, done.returncode) == ("superseded", 0, 0)
    assert "another-job" in run.reason
    assert installation.count("race") == 0


def test_a_lease_that_is_lost_on_the_way_ends_the_run(tote, installation):
    tote.misbehave(path="/race/*/1/odds", kind="slow", seconds=4)
    crawling = _start(installation, tote.date)
    _wait_for(lambda: installation.count("race") == 3)
    store = installation.store()
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE track_lease SET holder = 'successor', epoch = epoch + 1")
    store.close()
    assert crawling.wait(30) == 0
    run = installation.last_run()
    assert (run.outcome, installation.count("board")) == ("superseded", 0)
    assert installation.rows("SELECT holder FROM track_lease")[0].holder == "successor"


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def test_a_killed_crawl_loses_nothing_that_was_stored(tote, installation, kind):
    tote.misbehave(path="/race/*/2/odds", kind="timeout")
    crawling = _start(installation, tote.date)
    _wait_for(lambda: installation.count("board") == 1)
    crawling.send_signal(signal.SIGKILL)
    crawling.wait(10)
    assert installation.last_run().outcome is None
    tote.behave()
    _expire_lease(installation)
    assert installation.crawl("track_demo", tote.date).returncode == 0
    assert installation.count("board") == 4
    assert installation.rows("SELECT count(*) FROM board WHERE evaluated_at IS NULL")[0][0] == 0
    if kind == "sqlite":
        assert installation.rows("PRAGMA integrity_check")[0][0] == "ok"
        assert installation.rows("PRAGMA foreign_key_check") == []


def _start(installation, date):
    environment = installation.environment()
    command = [sys.executable, "-m", "scrapy", "crawl", "track_demo", "-a", date]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)


def _wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def _expire_lease(installation):
    store = installation.store()
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE track_lease SET expires_at = 0")
    store.close()
