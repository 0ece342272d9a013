"""The list of runs says what each crawl saw and how it ended."""

import json
import re
from typing import get_args

import pytest
from sqlalchemy import insert

from horses_scrapy.clock import from_ms
from horses_scrapy.storage.schema import OUTCOMES, crawl_run, slot
from horses_scrapy.web.api.runs import Outcome

BEGAN = 1_777_741_000_000
AT = from_ms(BEGAN).isoformat().replace("+00:00", "Z")


def run(number: int, **fields) -> dict:
    plain = {
        "spider": "track_demo", "track": "demo", "job_id": f"job{number}", "kind": "near", "trigger": "schedule",
        "started_at": BEGAN, "finished_at": BEGAN + 2500, "outcome": "ok", "reason": None, "degraded": 0, "requests": 3,
        "boards": 2, "rejected": 0, "errors": 0, "due_at": BEGAN - 400, "due_mono": 10_000, "first_request_mono": 10_730,
        "node": "here", "summary": "{}",
    }  # fmt: skip
    return {"run_id": number, **plain, **fields}


def of_slot(number: int, **fields) -> dict:
    plain = {"track": "demo", "kind": "near", "due_at": number, "job_id": f"job{number}", "state": "posted",
             "due_mono": 10_000, "run_id": number, "node": "here"}  # fmt: skip
    return {**plain, **fields}


RUNS = {
    1: run(1, kind="manual", trigger="manual", job_id=None, due_mono=None, started_at=BEGAN - 60_000),
    2: run(2, started_at=BEGAN - 1, summary=json.dumps({"records": 7, "requests": {"127.0.0.1": 3}})),
    3: run(3, outcome="parse_error", reason="<b>no odds table</b> in /r/3 for ann@demo.example", errors=2, degraded=1),
    4: run(4, track="other", spider="track_other"),
    5: run(5),
    6: run(6, outcome=None, finished_at=None, first_request_mono=None),
}
SLOTS = [of_slot(2), of_slot(3), of_slot(4), of_slot(5, node="elsewhere"), of_slot(6)]


@pytest.fixture
def runs(house):
    with house.store.write() as connection:
        connection.execute(insert(crawl_run), list(RUNS.values()))
        connection.execute(insert(slot), SLOTS)
    return house


FILTERS = (
    ("", [6, 5, 4, 3, 2, 1]),
    ("track=demo", [6, 5, 3, 2, 1]),
    ("track=nowhere", []),
    ("outcome=parse_error", [3]),
    ("kind=manual", [1]),
    ("running=true", [6]),
    ("running=false", [5, 4, 3, 2, 1]),
    (f"since={AT}", [6, 5, 4, 3]),
    (f"since={AT}&track=demo&outcome=ok", [5]),
    ("limit=2&offset=1", [5, 4]),
)


def test_a_filter_gives_what_fits_the_newest_first(runs):
    for query, found in FILTERS:
        answer = runs.json(f"/api/v1/runs?{query}")
        assert [each["run_id"] for each in answer["runs"]] == found, query


def test_a_run_is_what_is_stored_of_it(runs):
    by_number = {each["run_id"]: each for each in runs.json("/api/v1/runs")["runs"]}
    failed = by_number[3]
    names = ("spider", "track", "job_id", "kind", "trigger", "outcome", "requests", "boards", "errors", "node")
    assert {name: failed[name] for name in names} == {name: RUNS[3][name] for name in names}
    assert (failed["seconds"], failed["degraded"]) == (2.5, True)
    assert failed["reason"] == "<b>no odds table</b> in /r/3 for a..@demo.example"
    assert by_number[2]["summary"] == {"records": 7, "requests": {"127.0.0.1": 3}}
    running = by_number[6]
    assert (running["outcome"], running["finished_at"], running["seconds"]) == (None, None, None)


def test_lateness_is_told_only_where_two_clocks_are_one(runs):
    """By hand: was not due; 5: its scheduler is another machine; 6: has asked for nothing yet."""
    late = {each["run_id"]: each["lateness_ms"] for each in runs.json("/api/v1/runs")["runs"]}
    assert late == {1: None, 2: 730, 3: 730, 4: 730, 5: None, 6: None}


def test_parts_follow_each_other(runs):
    first = runs.json("/api/v1/runs?track=demo&limit=2")["page"]
    assert (first["total"], first["next"]) == (5, "/api/v1/runs?track=demo&limit=2&offset=2")
    assert runs.json("/api/v1/runs?track=demo&limit=2&offset=4")["page"]["next"] is None


def test_every_outcome_can_be_asked_for():
    assert set(get_args(Outcome)) == set(OUTCOMES)


def test_the_page_shows_runs_with_their_reasons_and_refreshes(runs):
    page = runs.get("/runs?track=&outcome=parse_error&kind=&running=").text
    assert re.findall(r'id="run-(\d+)"', page) == ["3"]
    assert "&lt;b&gt;no odds table&lt;/b&gt;" in page
    assert "0.7 s" in page
    assert 'data-refresh="10"' in page
    assert re.findall(r'id="run-(\d+)"', runs.get("/runs").text) == ["6", "5", "4", "3", "2", "1"]


def test_an_empty_database_says_so(house):
    assert "No crawl has run on this database yet" in house.get("/runs").text


def test_what_cannot_be_is_refused(house):
    for query in (
        "outcome=fine",
        "running=maybe",
        "since=0",
        "since=2300-01-01T00:00:00Z",
        "track=a%20b",
        "limit=1000",
        "kind=%00",
    ):
        house.get(f"/api/v1/runs?{query}", 400)
