"""scripts/scheduler.py and scripts/run_scrapyd.py as processes, without a scrapyd."""

import hashlib
import time

from horses_scrapy.errors import OK, UNHEALTHY, USAGE


def test_without_scrapyd_it_does_not_start_and_says_why(launch):
    refused = launch("scheduler.py")
    assert refused.process.wait(30) == UNHEALTHY
    assert "error: not started: scrapyd: scrapyd at http://127.0.0.1:" in refused.output
    assert "no connection" in refused.output


def test_a_dry_run_writes_nothing_and_posts_nothing(home, launch, store, cards):
    cards.race("aqu", 3, int(time.time() * 1000) + 120_000)
    store.close()
    database = home / "data" / "horses.db"
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    dry = launch("scheduler.py", "--dry-run")
    assert dry.process.wait(30) == OK
    first, second, _ = dry.output.splitlines()
    assert first.startswith("Would queue track_aqu: the whole card, due 2"), "the nearest post first"
    assert second.startswith("Would queue track_gp: the whole card, due 2")
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    assert cards.rows("slot") == []


def test_run_scrapyd_without_a_password_ends_2(launch):
    refused = launch("run_scrapyd.py", SCRAPYD_PASSWORD="")
    assert refused.process.wait(30) == USAGE
    assert "set SCRAPYD_PASSWORD" in refused.output
