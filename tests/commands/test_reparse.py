"""A crawl that keeps its answers, and the same items from them afterwards, with the site gone."""

import datetime as dt
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from crawling import PATIENT, ROOT, Completed, crawl, environment

from horses_scrapy.clock import Clock
from horses_scrapy.demo.home import daytime_zone
from horses_scrapy.simulator.faults import Faults, Rule
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.site import Server

SECTIONS = {"http": {**PATIENT, "retry_attempts": 1, "archive_days": 7}}
FAULTS = (
    Rule(path="/race/*/1/exacta", kind="500", count=2),  # an answer, which is an error
    Rule(path="/race/*/2/exacta", kind="truncated", count=2),  # no answer
    Rule(path="/race/*/3/odds", kind="html_garbage", count=1),
    Rule(path="/race/*/2/entries", kind="500", count=1),  # a retry mends it, and changes the order
)


@dataclass
class Site:
    home: Path
    server: Server

    def crawl(self, *args: str) -> tuple[Completed, bytes]:
        """The crawl and its `-O` file."""
        date = f"date={self.server.ledger.plan.race_date.isoformat()}"
        done = crawl(
            self.home, "track_demo", date, *args, base_url=self.server.url, settings={}, sections=SECTIONS, timeout=120
        )
        return done, (self.home / "items.jsonl").read_bytes()

    def reparse(self, *args: str) -> "subprocess.CompletedProcess[bytes]":
        command = [sys.executable, "-W", "error", "-m", "scrapy", "reparse", *args]
        config = self.home / "config/config.yaml"
        return subprocess.run(command, cwd=ROOT, env=environment(config), capture_output=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    plan = Plan(seed=7, start=now - dt.timedelta(seconds=300), timezone=daytime_zone(now))
    server = Server(Ledger(plan), Clock(), 0, log=None, rules=Faults(FAULTS))
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    yield Site(tmp_path_factory.mktemp("archived"), server)
    server.stop()
    serving.join()
    server.server_close()


def test_a_run_is_read_again_to_the_same_bytes(site: Site) -> None:
    """With an error status, a broken-off answer, an unreadable page and a retry among its answers; and a narrow run."""
    whole, first = site.crawl()
    assert "500" in whole.stderr
    narrow, second = site.crawl("race=1")
    assert narrow.of("prices")
    assert "crawl_run/from_cache': 2" in narrow.stderr
    assert {item["from_cache"] for item in narrow.of("post_time")} == {True}
    boards = {item["race_number"]: item["flags"] for item in whole.of("prices")}
    assert boards[1] == boards[2] == ["no_pairs"]
    assert 3 not in boards
    asked = len(list((site.home / "data/archive").glob("*/*.gz")))
    assert asked == 9 + 4
    runs_before = (site.home / "data/horses.db").stat().st_mtime_ns
    site.server.faults.replace([Rule(path="*", kind="500")])  # whoever asked now would be answered otherwise
    out = site.home / "again.jsonl"
    for run, items in (("1", first), ("2", second)):
        done = site.reparse(run, "-O", str(out))
        assert done.returncode == 0, done.stderr.decode()
        assert out.read_bytes() == items
        assert done.stdout == b""
    assert site.reparse("2").stdout == second
    assert (site.home / "data/horses.db").stat().st_mtime_ns == runs_before
    assert len(list((site.home / "data/archive").glob("*/*.gz"))) == asked


def test_a_run_that_is_not_there_is_named_with_those_that_are(site: Site) -> None:
    done = site.reparse("99")
    assert done.returncode == 2
    assert b"no archive of run 99; there are: 1, 2" in done.stderr
    about = json.loads((site.home / "data/archive/2/run.json").read_text("utf-8"))
    assert about["spider"] == "track_demo"
    assert about["arguments"]["race"] == "1"


def test_what_the_checks_said_then_is_said_again(site: Site) -> None:
    with sqlite3.connect(site.home / "data/horses.db") as connection:
        connection.execute("UPDATE board SET flags = 'late,overround,suspect' WHERE run_id = 2")
    (board,) = [item for line in site.reparse("2").stdout.splitlines() if "prices" in (item := json.loads(line))]
    assert board["flags"] == ["overround", "suspect"]
