"""/metrics for Prometheus, by its own parser; /healthz for whoever restarts us."""

import asyncio
import functools
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest
from crawl_rows import crawled
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from horses_scrapy.web import watch
from horses_scrapy.web.lookout import Lookout
from horses_scrapy.web.meters import Meters
from horses_scrapy.web.timing import Timing


def metrics(house):
    """(name, labels) -> figure."""
    answer = house.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(one.name, frozenset(one.labels.items())): one.value for each in families for one in each.samples}


def told(found, name, **labels):
    return found[f"horses_{name}", frozenset(labels.items())]


@pytest.mark.parametrize(
    ("path", "endpoint", "status"),
    [
        ("/api/v1/tracks", "/api/v1/tracks", "2xx"),
        ("/api/v1/races/1", "/api/v1/races/{race_id}", "2xx"),
        ("/api/v1/races/999999", "/api/v1/races/{race_id}", "4xx"),
        ("/static/base.css", "/static", "2xx"),
        ("/api/v1/nowhere", "other", "4xx"),
        ("/status", "/status", "2xx"),
    ],
)
def test_every_answer_is_timed_under_its_template(house, path, endpoint, status):
    labels = {"endpoint": endpoint, "method": "GET", "status": status}
    assert ("horses_http_request_seconds_count", frozenset(labels.items())) not in metrics(house)
    for _ in range(3):  # of which the last ones are kept
        house.client.get(path)
    house.client.head(path)
    found = metrics(house)
    assert told(found, "http_request_seconds_count", **labels) == 3
    assert told(found, "http_request_seconds_count", **{**labels, "method": "HEAD"}) == 1


def test_labels_are_few_whatever_is_asked_for(house):
    for number in range(20):
        house.client.get(f"/nowhere/{number}")
        house.client.request(f"ODD{number}", "/api/v1/tracks")
    seen = [dict(labels) for name, labels in metrics(house) if name == "horses_http_request_seconds_count"]
    assert {labels["method"] for labels in seen} <= {"GET", "other"}
    assert {labels["endpoint"] for labels in seen} <= {"other", "/api/v1/tracks", "/metrics"}


def test_statements_are_timed_under_the_endpoint_that_asked(house):
    house.json("/api/v1/sources")
    before = told(metrics(house), "read_seconds_count", endpoint="/api/v1/sources")
    house.look(house.clock.at[0])
    house.json("/api/v1/sources")
    found = metrics(house)
    assert told(found, "read_seconds_count", endpoint="/api/v1/sources") == before + 1 == 2
    assert 1 <= told(found, "sql_statement_seconds_count", endpoint="/api/v1/sources") <= 30


def test_answers_made_and_kept(house):
    for _ in range(3):
        house.json("/api/v1/tracks")
    found = metrics(house)
    assert (told(found, "answers_total", how="made"), told(found, "answers_total", how="kept")) == (1, 2)


def test_what_stands_in_the_database(house):
    for outcome, ago in (("ok", 10), ("blocked", 20), ("lost", 30), ("store_error", 40), ("ok", 4000), ("skipped", 5)):
        crawled(house.store, house.clock, outcome, ago)
    with house.store.read() as connection:
        changed = connection.execute(text("SELECT max(changed_at) FROM latest_odds")).scalar_one()
        fetched = connection.execute(text("SELECT max(fetched_at) FROM board")).scalar_one()
    found, now = metrics(house), house.clock.now_ms()
    assert told(found, "crawl_runs_last_hour", outcome="ok") == 1
    assert told(found, "crawl_runs_last_hour", outcome="timeout") == 0
    assert told(found, "errors_last_hour", component="crawl") == 3
    assert told(found, "errors_last_hour", component="store") == 1
    assert told(found, "track_stale", track="demo") == 0
    assert told(found, "price_age_seconds", track="demo") == (now - changed) / 1000
    assert told(found, "board_age_seconds") == (now - fetched) / 1000
    assert (told(found, "database_up"), told(found, "streams"), told(found, "web_faults_total")) == (1, 0, 0)
    assert found["process_resident_memory_bytes", frozenset()] > 10_000_000


# --- Without a database -----------------------------------------------------------------------------------------------


def remove(path):
    path.unlink()


def damage(path):
    with path.open("r+b") as file:
        file.write(b"\0" * 200)


def empty(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE alembic_version")


@pytest.fixture
def hasty(monkeypatch):
    """No answer of /healthz is kept."""
    monkeypatch.setattr(watch, "DATABASE_KEPT_S", 0)


@pytest.mark.parametrize("break_it", [remove, damage, empty])
def test_a_database_that_does_not_answer(hasty, house, break_it):
    assert house.json("/healthz") == {"ok": True}
    house.client.get("/api/v1/tracks")
    house.store.close()  # its connections hold the old file
    break_it(house.store.path)
    answer = house.get("/healthz", 503)
    assert answer.json() == {"ok": False}
    assert told(metrics(house), "database_up") == 0


def test_however_often_anybody_asks_the_database_is_looked_at_once_a_second(house, monkeypatch):
    looks, look = [], house.store.look
    monkeypatch.setattr(house.store, "look", lambda: looks.append(time.monotonic()) or look())
    until = time.monotonic() + 1.2
    while time.monotonic() < until:
        assert house.json("/healthz") == {"ok": True}
    assert len(looks) == 2
    assert looks[1] - looks[0] >= watch.DATABASE_KEPT_S


LOCK = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
for told in ("PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=DELETE", "BEGIN EXCLUSIVE"):
    other.execute(told)
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_locked_database_is_given_up_in_time(house, monkeypatch):
    """By another process: locks of one are none to itself."""
    monkeypatch.setattr(watch, "DATABASE_WAIT_S", 0.2)
    house.store.close()
    command = [sys.executable, "-c", LOCK, str(house.store.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"locked\n"
        began = time.monotonic()
        assert house.json("/healthz", 503) == {"ok": False}
        assert time.monotonic() - began < 1.5
        other.stdin.close()
    for _ in range(20):  # the look that waited for the lock ends soon
        if house.client.get("/healthz").status_code == 200:
            break
        time.sleep(0.1)
    assert house.json("/healthz") == {"ok": True}


# --- What no endpoint shows ---------------------------------------------------------------------------------------------


def on_a_loop(test):
    return functools.wraps(test)(lambda: asyncio.run(test()))


async def stream(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await asyncio.sleep(10)


async def broken(scope, receive, send):
    raise ZeroDivisionError


async def unsaid(message):
    pass


@on_a_loop
async def test_a_stream_is_noted_when_it_begins():
    meters = Meters()
    asked = {"type": "http", "method": "GET", "path": "/api/v1/stream"}
    open_one = asyncio.create_task(Timing(stream, meters)(asked, None, unsaid))
    await asyncio.sleep(0.05)
    labels = {"endpoint": "other", "method": "GET", "status": "2xx"}
    assert meters.registry.get_sample_value("horses_http_request_seconds_count", labels) == 1
    assert meters.registry.get_sample_value("horses_http_request_seconds_sum", labels) < 0.05
    open_one.cancel()
    await asyncio.wait([open_one])
    assert meters.registry.get_sample_value("horses_http_request_seconds_count", labels) == 1


@on_a_loop
async def test_an_answer_that_breaks_off_is_a_fault_of_ours():
    meters = Meters()
    with pytest.raises(ZeroDivisionError):
        await Timing(broken, meters)({"type": "http", "method": "GET", "path": "/"}, None, unsaid)
    assert meters.registry.get_sample_value("horses_web_faults_total") == 1


@on_a_loop
async def test_an_old_answer_is_shown_while_a_new_one_is_awaited():
    go_on, answers = threading.Event(), iter(("first", "second"))

    def look():
        go_on.wait(5)
        return next(answers)

    lookout = Lookout(look, 0.1)
    assert await lookout.found(0.02) is None
    go_on.set()
    assert await lookout.found(1) == "first"
    go_on.clear()
    await asyncio.sleep(0.15)
    assert await lookout.found(1) == "first"
    go_on.set()
    await asyncio.sleep(0.05)
    assert await lookout.found(1) == "second"
