"""The statements of the lists give the same on both databases, and read no more than they say."""

from contextlib import ExitStack, closing

import pytest
from sqlalchemy import insert

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.storage import alert_list, run_list
from horses_scrapy.storage.alert_list import AlertsAsked
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.run_list import RunsAsked
from horses_scrapy.storage.schema import alert, alert_delivery, crawl_run, race, track

ALERT = {
    "severity": "watch", "event": "fired", "market": "", "unit": "price", "message": "", "detail": "{}",
    "created_at": 1, "committed_mono": 1,
}  # fmt: skip
ALERTS = [
    {"alert_id": 1, "rule": "a", "alert_type": "steam", "scope": "race:1", "race_id": 1, "subject": "5", "triggered_at": 10, **ALERT},
    {"alert_id": 2, "rule": "b", "alert_type": "steam", "scope": "race:2", "race_id": 2, "subject": "5", "triggered_at": 20, **ALERT},
    {"alert_id": 3, "rule": "c", "alert_type": "stale_source", "scope": "track:gulf", "race_id": None, "subject": "",
     "triggered_at": 30, **ALERT, "severity": "urgent"},
    {"alert_id": 4, "rule": "c", "alert_type": "database", "scope": "system", "race_id": None, "subject": "",
     "triggered_at": 40, **ALERT},
]  # fmt: skip
RUN = {"spider": "s", "kind": "near", "trigger": "schedule", "node": "here"}
RUNS = [
    {"run_id": 1, "track": "gulf", "started_at": 10, "outcome": "ok", **RUN},
    {"run_id": 2, "track": "gulf", "started_at": 20, "outcome": "blocked", **RUN},
    {"run_id": 3, "track": "aqu", "started_at": 30, "outcome": None, **RUN, "kind": "card"},
]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    with ExitStack() as stack:
        told = {"home": tmp_path, "config_file": tmp_path / "x"}
        if request.param == "postgresql":
            url = stack.enter_context(request.getfixturevalue("postgres").borrowed())
            told["system"] = {"database_url": url}
        store = stack.enter_context(closing(open_store(Settings.model_validate(told), Clock(), create_as="sample")))
        with store.write() as writing:
            for number, (key, code) in enumerate((("gulf", "GP"), ("aqu", None)), 1):
                made = {"track_id": number, "created_at": 1, "updated_at": 1}
                writing.execute(insert(track).values(key=key, code=code, name=key, timezone="UTC", **made))
                day = f"2026-05-0{number}"
                writing.execute(insert(race).values(race_id=number, race_date=day, race_number=1, **made))
            for row in ALERTS:
                writing.execute(insert(alert).values(row))
            writing.execute(insert(alert_delivery).values(alert_id=2, recipient="x", channel="mail", state="muted"))
            writing.execute(insert(crawl_run), RUNS)
        yield store


@pytest.fixture
def connection(store):
    with store.snapshot() as connection:
        yield connection


OF_ALERTS = (
    ({}, [4, 3, 2, 1]),
    ({"race": 1}, [1]),
    ({"track": "gp"}, [3, 1]),
    ({"track": "GULF"}, [3, 1]),
    ({"track": "Aqu"}, [2]),
    ({"track": "gulf", "severity": "urgent"}, [3]),
    ({"race_date": "2026-05-02"}, [2]),
    ({"rule": "c"}, [4, 3]),
    ({"kind": "steam", "since": 11}, [2]),
    ({"state": "muted"}, [2]),
    ({"state": "muted", "track": "gp"}, []),
    ({"since": 20, "until": 40}, [3, 2]),
)


def test_alerts(connection):
    for asked, found in OF_ALERTS:
        got = alert_list.alerts(connection, AlertsAsked(**asked), 10, 0)
        assert [each.alert_id for each in got] == found, asked
        assert alert_list.how_many(connection, AlertsAsked(**asked)) == len(found), asked
        assert [each.track_code for each in got if each.race_id] == [
            {1: "GP", 2: "AQU"}[each] for each in found if each < 3
        ]


OF_RUNS = (
    ({}, [3, 2, 1]),
    ({"track": "gulf"}, [2, 1]),
    ({"outcome": "blocked"}, [2]),
    ({"kind": "card"}, [3]),
    ({"running": True}, [3]),
    ({"running": False}, [2, 1]),
    ({"track": "gulf", "running": False, "since": 20}, [2]),
)


def test_runs(connection):
    for asked, found in OF_RUNS:
        assert [each.run_id for each in run_list.runs(connection, RunsAsked(**asked), 10, 0)] == found, asked
        assert run_list.how_many(connection, RunsAsked(**asked)) == len(found), asked


def test_what_no_index_finds_is_looked_for_among_the_newest(store):
    with store.write() as connection:
        connection.execute(insert(crawl_run).values({**RUNS[0], "run_id": run_list.NEWEST + 2}))
        connection.execute(insert(alert).values({**ALERTS[0], "alert_id": alert_list.NEWEST + 2}))
    with store.snapshot() as connection:
        assert run_list.how_many(connection, RunsAsked(outcome="blocked")) == 0
        assert run_list.how_many(connection, RunsAsked(track="gulf")) == 3
        assert alert_list.how_many(connection, AlertsAsked(rule="b")) == 0
        assert alert_list.how_many(connection, AlertsAsked(rule="b", track="aqu")) == 1
