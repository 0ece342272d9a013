import hashlib
import subprocess
import sys
import time
from contextlib import closing

import pytest
import stored_sample as sample
from sqlalchemy import func, insert, select, update

from horses_scrapy.clock import Clock
from horses_scrapy.storage import queries, schema
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.upkeep import clearing
from horses_scrapy.upkeep import check, prune

AFTER = "2026-05-03"
TABLES = (
    "board",
    "price_change",
    "pool_change",
    "pair_grid",
    "crawl_run",
    "fill_rate",
    "rejected_item",
    "slot",
    "alert",
    "result",
)


SECONDS = (180, 600, 900, 1140, 1200, 1260, 1440, 1500, 1560, 1740, 1770, 1800, 1860, 2340)
"""Of the boards; the post is at 1800."""


@pytest.fixture
def old(any_settings):
    """Two races of boards that the rules have seen, until nine minutes after the post; runs and a refused item."""
    with closing(open_store(any_settings, Clock())) as store, store.write() as connection:
        for race in (1, 2):
            for seconds in SECONDS:
                item = sample.board(race, seconds, status="open" if seconds < 1860 else "closed")
                sample.store(connection, item)
        connection.execute(update(schema.board).values(evaluated_at=1))
        runs = [
            {"run_id": n, "spider": "track_demo", "track": "demo", "kind": "poll", "started_at": n, "finished_at": n}
            for n in (1, 2, 3, 4)
        ]
        connection.execute(insert(schema.crawl_run), runs)
        connection.execute(
            insert(schema.fill_rate), [{"run_id": n, "field": "x", "filled": 1, "total": 1} for n in (1, 3)]
        )
        connection.execute(update(schema.board).where(schema.board.c.board_id == 1).values(run_id=2))
        refused = {"run_id": 3, "at": 5, "rule": "r", "field": "f", "value": "v", "url": "u", "item": "{}"}
        connection.execute(insert(schema.rejected_item), refused)
        slot = {"track": "demo", "kind": "near", "due_at": 1, "job_id": "j", "state": "posted", "due_mono": 1}
        connection.execute(insert(schema.slot), slot)
    return any_settings


def looked(settings):
    """Rows by table, and what each board shows."""
    with closing(open_store(settings, Clock())) as store, store.read() as connection:
        rows = {
            name: connection.scalar(select(func.count()).select_from(schema.metadata.tables[name])) for name in TABLES
        }
        ids = connection.scalars(select(schema.board.c.board_id).order_by(schema.board.c.board_id)).all()
        return rows, {board_id: queries.board_view(connection, board_id) for board_id in ids}


def minutes(views, race_id):
    """Before the post, of one race."""
    return [
        (view.race.post_time - view.fetched_at) // 60_000 for view in views.values() if view.race.race_id == race_id
    ]


def test_boards_near_the_post_stay_and_show_what_they_showed(run, old):
    rows, views = looked(old)
    code, said = run(prune, "--older-than", AFTER, settings=old)
    left, after = looked(old)
    assert code == 0
    assert "races before 2026-05-03: 2 (of one source each) have boards to lose" in said
    assert minutes(after, 1) == [30, 29, 10, 5, 1, 0, -9], "an alert refers to the board at 29"
    assert minutes(after, 2) == [30, 10, 5, 1, 0, -9]
    assert after == {board_id: views[board_id] for board_id in after}
    assert left["crawl_run"] == 2, "the one with a board, and the newest"
    assert (left["fill_rate"], left["rejected_item"], left["slot"]) == (0, 0, 0)
    assert (left["alert"], left["result"]) == (rows["alert"], rows["result"])
    assert run(check, settings=old)[0] == 0
    with closing(open_store(old, Clock())) as store, store.read() as connection:
        assert clearing.pruned_before(connection) == AFTER


@pytest.mark.parametrize("any_settings", ["sqlite"], indirect=True)
def test_a_second_time_nothing_goes(run, old):
    run(prune, "--older-than", AFTER, settings=old)
    before = looked(old)
    code, said = run(prune, "--older-than", "2026-04-01", settings=old)
    assert (code, looked(old)) == (0, before)
    assert "races before 2026-04-01: 0" in said
    with closing(open_store(old, Clock())) as store, store.read() as connection:
        assert clearing.pruned_before(connection) == AFTER, "the latest day that was ever pruned"


@pytest.mark.parametrize("any_settings", ["sqlite"], indirect=True)
def test_a_younger_race_keeps_all(run, old):
    rows, views = looked(old)
    assert run(prune, "--older-than", "2026-05-02", settings=old)[0] == 0
    left, after = looked(old)
    assert after == views
    assert left["crawl_run"] < rows["crawl_run"]


def test_a_dry_run_counts_what_would_go_and_changes_nothing(run, old):
    rows, _ = before = looked(old)
    path = None if old.system.database_url else old.database_path
    digest = path and hashlib.sha256(path.read_bytes()).digest()
    code, said = run(prune, "--older-than", AFTER, "--dry-run", settings=old)
    assert code == 0
    assert "nothing was changed" in said
    assert looked(old) == before
    assert digest == (path and hashlib.sha256(path.read_bytes()).digest())
    told = {line.split()[0]: int(line.split()[1]) for line in said.splitlines() if line.split()[0] in TABLES}
    run(prune, "--older-than", AFTER, settings=old)
    left, _ = looked(old)
    assert told == {name: rows[name] - left[name] for name in TABLES if rows[name] > left[name] and name != "fill_rate"}


def test_an_age_in_days(run):
    assert "races before" in run(prune, "--older-than", "30")[1]
    with pytest.raises(SystemExit):
        run(prune, "--older-than", "soon")


WRITER = """
import sys, time
from contextlib import closing
from pathlib import Path
import stored_sample as sample
from horses_scrapy.clock import Clock
from horses_scrapy.storage.engine import open_store
waits = []
with closing(open_store(sample.settings_in(Path(sys.argv[1])), Clock())) as store:
    print("ready", flush=True)
    while not Path(sys.argv[2]).exists():
        began = time.monotonic()
        with store.write() as connection:
            sample.store(connection, sample.board(9, 10 + len(waits)))
        waits.append(time.monotonic() - began)
        time.sleep(0.005)
print(len(waits), max(waits))
"""


@pytest.mark.slow
def test_a_writer_waits_little_while_a_day_is_thinned(run, settings, tmp_path, capsys, record_property):
    """Goal: 250 ms. Asserted generously: the machine may be busy."""
    with closing(open_store(settings, Clock())) as store, store.write() as connection:
        for race in range(3, 9):
            sample.store(connection, sample.card(race))
            for seconds in range(0, 2400, 4):
                sample.store(connection, sample.board(race, seconds))
        connection.execute(update(schema.board).values(evaluated_at=1))
    done = tmp_path / "done"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(settings.home), str(done)], stdout=subprocess.PIPE, text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    with writer:
        assert writer.stdout.readline() == "ready\n"
        time.sleep(0.5)
        assert run(prune, "--older-than", AFTER)[0] == 0
        done.touch()
        count, longest = writer.communicate()[0].split()
    record_property("writes", count)
    record_property("longest_wait_s", longest)
    with capsys.disabled():
        sys.stdout.write(f"{count} writes beside the prune, the longest took {float(longest) * 1000:.0f} ms\n")
    assert float(longest) < 1
    assert run(check)[0] == 0
