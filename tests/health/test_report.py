"""The health check as a whole: with everything well, with everything down, and with what never answers."""

import json
import threading
import time
from contextlib import closing

from smtp_answers import smtp_answering
from sqlalchemy import insert

from horses_scrapy.clock import Clock
from horses_scrapy.errors import OK, UNHEALTHY
from horses_scrapy.health import report
from horses_scrapy.health.here import Here
from horses_scrapy.health.result import ok
from horses_scrapy.storage import schema
from horses_scrapy.storage.engine import open_store


def test_all_is_well(home_at, guarded):
    with smtp_answering() as port:
        home = home_at(guarded.url, port)
        now = Clock()
        with closing(open_store(home.settings, now)) as store, store.write() as connection:
            row = {"name": "scheduler", "epoch": 1, "holder": "here:1", "taken_at": 0, "renewed_at": now.now_ms()}
            connection.execute(insert(schema.leader).values(row))
        found = {each.name: each.result for each in report.examine(Here(home.settings, now), tuple(report.CHECKS))}
        states = {name: result.state for name, result in found.items()}
        assert states.pop("clock") in {"ok", "warn"}  # the machine of a test may have no NTP
        assert set(states.values()) == {"ok"}, found
        told = home.script("--json")
    assert (told.returncode, told.stderr) == (OK, "")
    whole = json.loads(told.stdout)
    assert whole["healthy"] is True
    assert [check["name"] for check in whole["checks"]] == list(report.CHECKS)


def test_everything_is_down(home_at):
    home = home_at()
    began = time.monotonic()
    told = home.script()
    assert time.monotonic() - began < 30
    assert (told.returncode, told.stderr) == (UNHEALTHY, "")
    *lines, last = told.stdout.splitlines()
    assert [line.split()[1] for line in lines] == [f"{name}:" for name in report.CHECKS]
    assert last == "unhealthy: database, soundness, scrapyd, queue, scheduler, tracks, outbox, smtp"
    assert {(line[18], line[19].isspace()) for line in lines} == {(" ", False)}  # aligned
    assert not (home.folder / "data").exists()
    assert not {"correct-horse", "battery-staple"} & set(told.stdout.split())


def test_one_check_by_name(home_at):
    home = home_at()
    told = home.script("--check", "disk")
    assert (told.returncode, told.stdout.splitlines()[1:]) == (OK, ["healthy"])
    assert home.script("--check", "nothing").returncode == 2


def test_a_broken_configuration_is_told_as_such(home_at):
    home = home_at()
    home.file.write_text("scrapyd: {nonsense: 1}\n")
    told = home.script("--json")
    assert told.returncode == 2
    assert "nonsense" in told.stderr


def test_what_hangs_or_breaks_does_not_keep_the_others_from_telling(tmp_path, monkeypatch):
    released = threading.Event()
    broken = []
    monkeypatch.setattr(threading, "excepthook", broken.append)
    checks = {"hangs": lambda _: released.wait(60), "breaks": lambda _: 1 / 0, "well": lambda _: ok("fine")}
    began = time.monotonic()
    found = report.examine(Here(None, Clock()), tuple(checks), checks, limit=0.3)
    assert time.monotonic() - began < 5
    released.set()
    assert [(each.name, each.result.state) for each in found] == [("hangs", "fail"), ("breaks", "fail"), ("well", "ok")]
    assert found[0].result.text == "no answer in 0.3 s"
    assert len(broken) == 1
