"""The status says what is wrong, the worst first, and what to do."""

import datetime as dt
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from crawl_rows import crawled, watching
from mail_queue import fill
from sqlalchemy import insert, text

from horses_scrapy.clock import to_ms
from horses_scrapy.storage import schema
from horses_scrapy.storage.runs import GOOD
from horses_scrapy.web import watch
from horses_scrapy.web.facts.doctor import OUTCOMES

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
JOBS = json.dumps(
    {"status": "ok", "pending": [], "running": [{"id": "j", "spider": "track_demo"}], "finished": []}
)  # fmt: skip


class Scrapyd(ThreadingHTTPServer):
    """`hangs`: it takes the connection and says nothing until it is released."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hangs = False
        self.asked = 0
        self.released = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Scrapyd

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.server.hangs:
            self.server.released.wait(10)
            return
        known = "Authorization" in self.headers
        self.send_response(200 if known else 401)
        body = JOBS.encode() if known else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def scrapyd() -> Iterator[Scrapyd]:
    server = Scrapyd()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def running(house_of, scrapyd, tmp_path):
    """An installation that runs: scrapyd answers, and the scheduler looked two seconds ago."""

    def make(*keys, **told):
        address = f"http://127.0.0.1:{scrapyd.server_port}"
        house = house_of(SCRAPYD_PASSWORD="correct-horse", **watching(tmp_path, *keys, scrapyd=address, **told))
        _look(house)
        return house

    return make


def _look(house, ago_s=2):
    at = to_ms(house.clock.at[0]) - ago_s * 1000
    with house.store.write() as connection:
        connection.execute(text("DELETE FROM leader"))
        connection.execute(
            insert(schema.leader).values(name="scheduler", epoch=1, holder="box:7", taken_at=0, renewed_at=at)
        )


def status(house):
    return house.json("/api/v1/status")


def test_all_is_well(running):
    found = status(running())
    assert (found["state"], found["summary"], found["todo"]) == ("ok", ["1 of 1 tracks fresh."], [])
    assert (found["scrapyd"]["running"], found["scrapyd"]["waiting"]) == (1, 0)
    assert (found["scheduler"]["holder"], found["scheduler"]["looked_seconds"]) == ("box:7", 2)
    assert found["database"]["newest_board_at"] == found["at"] == "2026-05-02T17:17:00Z"
    assert (found["database"]["kind"], found["database"]["purpose"]) == ("sqlite", "sample")


def test_a_stale_track_beside_one_that_rests(running):
    house = running("sha_tin")
    crawled(house.store, house.clock, "no_card", track="sha_tin")
    house.clock.at[0] += dt.timedelta(minutes=6)
    _look(house)
    crawled(house.store, house.clock, "timeout", 120)
    crawled(house.store, house.clock, "blocked", 60)
    found = status(house)
    assert found["summary"] == [
        "0 of 1 tracks fresh; demo stale for 6 min: the last crawl ended with blocked, 2 failed in a row."
    ]
    assert found["state"] == "failing"
    assert found["todo"] == [{"about": "demo", "text": OUTCOMES["blocked"]}]


def test_a_track_that_fails_before_it_races(running):
    house = running("sha_tin")
    crawled(house.store, house.clock, "parse_error", track="sha_tin", reason="no table")
    found = status(house)
    assert (found["state"], found["summary"]) == (
        "degraded", ["sha_tin: the last crawl ended with parse_error.", "1 of 1 tracks fresh."],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "state", "sentence", "todo"),
    [
        ("scheduler", "failing", r"The scheduler: box:7 last looked 31 s ago: is it running\?", "scripts/scheduler.py"),
        ("overdue", "failing", r"The scheduler: 1 due jobs are not posted, late since 400 s\.", "Does scrapyd answer"),
        (
            "mail",
            "failing",
            r"The outbox: the oldest message waits for 400 s: is scripts/mailer.py running\?",
            "mailer",
        ),
        (
            "dead",
            "degraded",
            r"The outbox: nothing waits, 1 given up in the last hour: .*outbox\.",
            "alertctl.py outbox",
        ),
        ("store", "degraded", r"The database refused 1 crawl in the last hour\.", "Is the disk full"),
        ("rejected", "ok", r"2 items rejected in the last hour\.", "rejected_item"),
    ],
)
def test_what_else_is_wrong(running, wrong, state, sentence, todo):
    house = running()
    WRONG[wrong](house)
    found = status(house)
    assert found["state"] == state
    matching = [told for told in found["summary"] if re.fullmatch(sentence, told)]
    assert matching, found["summary"]
    assert state == "ok" or matching[0] == found["summary"][0]
    assert any(todo in one["text"] for one in found["todo"])


def _overdue(house):
    row = {"track": "demo", "kind": "near", "due_at": to_ms(house.clock.at[0]) - 400_000, "due_mono": 0}
    with house.store.write() as connection:
        connection.execute(insert(schema.slot).values(**row, job_id="late", state="planned"))


def _mail(house, state="pending"):
    at = to_ms(house.clock.at[0]) - 400_000
    fill(house.store, [1], at_ms=at, expires_at=at + 10_000_000)
    with house.store.write() as connection:
        connection.execute(text(f"UPDATE notification SET state = '{state}'"))
        if state == "dead":
            connection.execute(text("UPDATE alert_delivery SET state = 'dead'"))


def _store(house):
    crawled(house.store, house.clock, "store_error", 30)
    crawled(house.store, house.clock, "ok", 10)


def _rejected(house):
    """Two items, one with two faults; and one of long ago."""
    now = to_ms(house.clock.at[0])
    faults = [(now, "a", "bounds"), (now, "a", "units"), (now, "b", "bounds"), (now - 3_600_001, "c", "bounds")]
    rows = [
        {"at": at, "url": url, "rule": rule, "field": "price", "value": "0", "item": "{}"} for at, url, rule in faults
    ]
    with house.store.write() as connection:
        connection.execute(insert(schema.rejected_item), rows)


WRONG = {
    "scheduler": lambda house: _look(house, 31), "overdue": _overdue, "mail": _mail,
    "dead": lambda house: _mail(house, "dead"), "store": _store, "rejected": _rejected,
}  # fmt: skip


def test_lateness_of_the_last_hour(running):
    house = running()
    now = to_ms(house.clock.at[0])
    with house.store.write() as connection:
        for number, took in enumerate((1000, 2000, 9000)):
            row = {
                "track": "demo",
                "kind": "near",
                "due_at": now - 1000 - number,
                "job_id": str(number),
                "state": "posted",
            }
            connection.execute(insert(schema.slot).values(**row, due_mono=0, run_id=1, committed_mono=took))
    (line,) = status(house)["scheduler"]["lateness"]
    assert line == {"kind": "near", "polls": 3, "p50_seconds": 2, "p95_seconds": 9, "max_seconds": 9}


def test_scrapyd_is_asked_once_for_many(running, scrapyd):
    house = running()
    status(house)
    asked = scrapyd.asked
    for second in range(5):
        house.look(house.clock.at[0] + dt.timedelta(seconds=second))  # a commit: every answer is made anew
        status(house)
    assert scrapyd.asked == asked > 0


def test_a_scrapyd_that_hangs_holds_nobody_up_for_long(running, scrapyd, monkeypatch):
    monkeypatch.setattr(watch, "SCRAPYD_WAIT_S", 0.2)
    scrapyd.hangs = True
    house = running()
    began = time.monotonic()
    found = status(house)
    assert time.monotonic() - began < 1.2
    assert (found["state"], found["scrapyd"]["running"]) == ("failing", None)
    assert found["summary"][0] == "scrapyd: no answer in 0.2 s."
    assert house.json("/healthz") == {"ok": True}


def test_a_broken_block_is_told(running):
    found = status(running(broken="  nowhere:\n    code: NOW"))
    assert found["state"] == "degraded"
    assert re.fullmatch(r"tracks.yaml has \d faults, whose blocks are not watched\.", found["summary"][0])
    assert found["todo"][0]["about"].startswith("tracks.yaml:")


def test_there_is_something_to_do_about_every_bad_outcome():
    assert set(OUTCOMES) == set(schema.OUTCOMES) - GOOD
    told = RUNBOOK.read_text()
    assert all(f"| `{outcome}` |" in told for outcome in OUTCOMES)


HOSTILE = "<script>alert(1)</script> \N{RIGHT-TO-LEFT OVERRIDE}txt.exe"


def test_the_page_says_the_same(running):
    house = running()
    crawled(house.store, house.clock, "ok", 30)
    crawled(house.store, house.clock, "blocked", reason=HOSTILE)
    found, page = status(house), house.get("/status").text
    assert found["summary"][0] in page
    assert found["todo"][0]["text"].replace("'", "&#39;") in page
    assert 'data-refresh="5"' in page
    assert 'href="/runs?track=demo"' in page
    assert "50%" in page
    assert "<script>alert" not in page
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page
