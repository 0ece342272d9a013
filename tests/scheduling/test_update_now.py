"""Updates that a person asks for, with the real scrapyd."""

import argparse
import json

import pytest
from sqlalchemy import delete, select

from horses_scrapy.clock import Clock
from horses_scrapy.errors import FATAL, OK, PARTIAL, USAGE, ConfigError
from horses_scrapy.scheduling import update_now
from horses_scrapy.storage import schema
from horses_scrapy.updates import by_hand


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    by_hand.options(parser)
    return parser.parse_args(words)


def ask(settings, *words: str, dry_run: bool = False) -> int:
    told = arguments(*words)
    return update_now.run(settings, Clock(), by_hand.asked(told, ()), told, dry_run)


def rows(store, table):
    with store.read() as connection:
        return list(connection.execute(select(table)))


@pytest.fixture
def unasked(fresh):
    with fresh.store.write() as connection:
        connection.execute(delete(schema.update_run))
    return fresh


@pytest.mark.parametrize(
    ("told", "code", "outcome"),
    [
        ({"aqu": "no_card"}, OK, "ok"),
        ({"aqu": "blocked"}, PARTIAL, "partial"),
        ({"aqu": "blocked", "gp": "timeout"}, FATAL, "failed"),
    ],
)
def test_each_track_is_asked_and_awaited(unasked, told, code, outcome):
    unasked.tell(**told)
    assert ask(unasked.settings, "--update", "daily_data", "--results-only") == code
    (run,) = rows(unasked.store, schema.update_run)
    assert (run.outcome, run.trigger, run.due_at) == (outcome, "manual", None)
    runs = rows(unasked.store, schema.crawl_run)
    assert sorted((one.track, one.kind, one.trigger) for one in runs) == [
        ("aqu", "daily_data", "manual"),
        ("gp", "daily_data", "manual"),
    ]


@pytest.mark.slow
def test_the_two_jobs_of_a_track_follow_each_other(unasked):
    unasked.tell(seconds=0.5)
    assert ask(unasked.settings, "--update", "daily_data") == OK
    slots = {slot.job_id: slot for slot in rows(unasked.store, schema.slot)}
    for track in ("aqu", "gp"):
        first, second = sorted(
            (run for run in rows(unasked.store, schema.crawl_run) if run.track == track), key=lambda run: run.run_id
        )
        assert first.finished_at <= second.started_at
        asked = [json.loads(slots[run.job_id].arguments)["only"] for run in (first, second)]
        assert asked == ["card", "results"]


@pytest.mark.slow
def test_beside_a_running_scheduler_that_one_posts_the_jobs(unasked):
    scheduler = unasked.launch("scheduler.py")
    scheduler.wait_for("Watching")
    assert ask(unasked.settings, "--update", "daily_data", "--racecards-only") == OK
    runs = [run for run in rows(unasked.store, schema.crawl_run) if run.kind == "daily_data"]
    assert sorted(run.track for run in runs) == ["aqu", "gp"]
    assert scheduler.process.poll() is None
    assert scheduler.end() == OK


def test_reference_data_needs_no_scrapyd_and_a_dry_run_nothing_at_all(settings, capsys):
    assert not settings.database_path.exists()
    assert ask(settings, "--update", "reference_data", "--update", "daily_data", dry_run=True) == OK
    assert capsys.readouterr().out.splitlines() == [
        "reference_data: would read the shipped files into the database",
        "daily_data: job 1 of each of aqu, gp: -a only=card -a days_ahead=2",
        "daily_data: job 2 of each of aqu, gp: -a only=results -a days_back=1",
    ]
    assert not settings.database_path.exists()
    assert ask(settings, "--update", "reference_data", "--bookmakers-only") == OK


def test_an_unknown_name_is_refused_with_the_list(settings):
    with pytest.raises(ConfigError, match="--update dayly: no such update; there are live_data, daily_data") as refused:
        ask(settings, "--update", "dayly")
    assert refused.value.exit_code == USAGE
