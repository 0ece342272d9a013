"""Several days in one crawl, and a crawl that stores nothing."""

import datetime as dt
import json

import pytest
from clocked import files, race_day


def cards(day):
    """Dates whose card was asked for, in that order."""
    lines = [json.loads(line) for line in (day.home / "tote.jsonl").read_text("utf-8").splitlines()]
    asked = [line["path"].split("/")[-1] for line in lines if line.get("path", "").startswith("/card/")]
    return [dt.date.fromisoformat(text) for text in asked]


def test_days_ahead_begin_today_and_a_day_without_racing_takes_nothing_from_the_others(tmp_path):
    with race_day(tmp_path, rate=1) as day:
        done = day.crawl("days_ahead=2", "only=card")
        today = day.server.ledger.plan.race_date
        assert cards(day) == [today, today + dt.timedelta(days=1), today + dt.timedelta(days=2)], done.stderr
        (run,) = day.rows("SELECT * FROM crawl_run")
        assert (run.outcome, run.reason, run.degraded, run.boards, done.returncode) == ("ok", None, 0, 0, 0)
        assert day.rows("SELECT race_date, count(*) FROM race GROUP BY race_date") == [(today.isoformat(), 3)]


def test_days_back_are_read_again_and_a_synchronisation_goes_on_where_it_stopped(tmp_path):
    with race_day(tmp_path, rate=1, age=dt.timedelta(days=1)) as day:
        past = day.server.ledger.plan.race_date
        dates = [past, past - dt.timedelta(days=1)]
        first = day.crawl("days_back=2", "only=results", "sync=1")
        assert cards(day) == dates, first.stderr
        results = day.rows("SELECT count(*) FROM result")
        assert results != [(0,)]
        assert day.rows("SELECT race_date, run_id FROM synced_day ORDER BY race_date DESC") == [
            (date.isoformat(), 1) for date in dates
        ]
        again = day.crawl("days_back=2", "only=results", "sync=1")
        assert (len(cards(day)), again.returncode) == (2, 0)
        assert "skipped: nothing was left to be read" in again.stderr
        day.crawl("days_back=1", "only=results")
        assert cards(day) == [*dates, past]
        runs = [(run.outcome, run.requests > 4) for run in day.rows("SELECT * FROM crawl_run ORDER BY run_id")]
        assert runs == [("ok", True), ("skipped", False), ("ok", True)]
        assert day.rows("SELECT count(*) FROM result") == results
        assert day.rows("SELECT count(*) FROM change WHERE run_id = 3") == [(0,)]


def test_a_day_that_went_wrong_is_not_synced(tmp_path):
    with race_day(tmp_path, rate=1, age=dt.timedelta(days=1)) as day:
        day.misbehave(path="/race/*/1/results", kind="html_garbage")
        done = day.crawl("days_back=2", "only=results", "sync=1")
        past = day.server.ledger.plan.race_date
        (run,) = day.rows("SELECT outcome FROM crawl_run")
        assert (run.outcome, done.returncode) == ("parse_error", 1)
        assert day.rows("SELECT race_date FROM synced_day") == [((past - dt.timedelta(days=1)).isoformat(),)]


@pytest.mark.parametrize("given", [["date=2026-05-02", "days_back=1"], ["until=1"], ["sync=1"], ["days_back=0"]])
def test_arguments_that_do_not_fit_are_refused(tmp_path, given):
    with race_day(tmp_path, rate=1) as day:
        done = day.crawl(*given)
        assert done.returncode == 2
        assert "error: -a " in done.stderr
        assert day.rows("SELECT 1 FROM crawl_run") == []


def test_a_dry_run_shows_what_it_would_store_and_leaves_everything_as_it_was(tmp_path):
    with race_day(tmp_path, rate=1) as day:
        assert day.crawl("race=1").returncode == 0
        day.store.close()
        before = files(tmp_path / "data")
        done = day.crawl("race=1", "_job=demo-near-1", settings=("DRY_RUN=1",))
        after = files(tmp_path / "data")
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert all(name.startswith(("state/hosts/", "horses.db-")) for name in changed), changed
        assert after.get("horses.db-wal", b"") == b""  # SQLite's own, of a reader
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert sum(line.startswith("would store race demo ") for line in lines) == 4
        assert any(line.startswith("would store board demo ") and "not evaluated" in line for line in lines)


def test_a_dry_run_makes_no_database(tmp_path):
    with race_day(tmp_path, rate=1) as day:
        day.store.close()
        for path in (tmp_path / "data").glob("horses.db*"):
            path.unlink()
        done = day.crawl("race=1", settings=("DRY_RUN=1",))
        assert (done.returncode, "would store board" in done.stdout) == (0, True), done.stderr
        assert list((tmp_path / "data").glob("*.db*")) == []
