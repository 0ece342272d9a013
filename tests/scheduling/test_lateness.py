"""How late polls are, stage by stage."""

import pytest
from sqlalchemy import insert

from horses_scrapy.scheduling import lateness
from horses_scrapy.scheduling.lateness import STEPS, WHOLE, summary
from horses_scrapy.storage import schema
from horses_scrapy.storage.lateness import Reached

NOW = 1_750_000_000_000


def test_percentiles_are_the_nearest_rank():
    slots = [Reached("near", (0, ms, None, None, None, None)) for ms in range(1000, 101_000, 1000)]
    (line,) = summary(slots)
    assert (line.kind, line.stage, line.count) == ("near", "due to queued", 100)
    assert (line.p50, line.p95, line.most) == (50, 95, 100)


@pytest.mark.parametrize(
    ("instants", "expected"),
    [
        ((0, 1, 3, 6, 10, 15), dict(zip([*STEPS, WHOLE], [0.001, 0.002, 0.003, 0.004, 0.005, 0.015], strict=True))),
        ((0, 100, 300, None, None, None), {"due to queued": 0.1, "queued to started": 0.2}),
        ((0, None, 300, 500, None, 900), {"started to request": 0.2, WHOLE: 0.9}),
        ((9_000_000, 9_000_100, 50, 60, 70, 80),
         {"due to queued": 0.1, "started to request": 0.01, "request to response": 0.01, "response to committed": 0.01}),
        ((0, None, None, None, None, None), {}),
    ],
    ids=["all", "it did not come far", "not everything was noted", "the machine was booted meanwhile", "nothing"],
)  # fmt: skip
def test_a_stage_is_told_where_both_its_ends_are_known(instants, expected):
    assert {line.stage: line.most for line in summary([Reached("near", instants)])} == expected


@pytest.fixture
def slot(store, cards):
    cards.race("aqu", 1, NOW)

    def write(kind, due_at, *, ran=True, node="here", run_node="here", took=1000):
        run = cards.run("aqu", None, due_at, node=run_node) if ran else None
        row = {"track": "aqu", "kind": kind, "due_at": due_at, "job_id": f"{kind}{due_at}", "state": "posted"}
        instants = {"due_mono": 0, "queued_mono": 100, "started_mono": 200, "committed_mono": took}
        with store.write() as connection:
            connection.execute(insert(schema.slot).values(run_id=run, node=node, **row, **instants))

    return write


def test_the_hour_in_one_line(store, slot):
    slot("near", NOW - 3_600_001, took=90_000)
    slot("near", NOW, took=90_000)
    slot("near", NOW - 1000, ran=False, took=90_000)
    slot("near", NOW - 2000, run_node="there", took=90_000)
    assert lateness.hourly_line(store, NOW) is None
    for second in range(3, 23):
        slot("near", NOW - 1000 * second, took=500)
    slot("near", NOW - 3_600_000, took=2000)
    slot("daily_data", NOW - 100, node=None, took=4000)
    assert lateness.hourly_line(store, NOW) == (
        "Lateness of the last hour, due to committed: 1 daily_data p50 4.0 s, p95 4.0 s, max 4.0 s; "
        "21 near p50 0.5 s, p95 0.5 s, max 2.0 s"
    )


def test_the_table_names_a_kind_once(store, slot):
    slot("near", NOW - 1000, took=1200)
    rows = lateness.rows(lateness.between(store, 0, NOW))
    assert rows == [
        ("near", "due to queued", "1", "0.10 s", "0.10 s", "0.10 s"),
        ("", "queued to started", "1", "0.10 s", "0.10 s", "0.10 s"),
        ("", "due to committed", "1", "1.20 s", "1.20 s", "1.20 s"),
    ]
