"""An update from its cron instant to its report, on a database, with crawls that end as told."""

import json
import logging

import pytest
from sqlalchemy import insert

from horses_scrapy.errors import ALREADY_RUNNING, AlreadyRunning
from horses_scrapy.only_one import only_one
from horses_scrapy.storage import schema
from horses_scrapy.updates.catalogue import Options
from horses_scrapy.updates.locks import path_of

MINUTE = 60_000


@pytest.fixture
def due(world):
    """daily_data, watched since noon of 2 March, due the next morning."""
    world.told(daily_data={})
    updates = world.updates()
    world.look(updates)
    assert world.runs("daily_data") == []
    return updates


def test_a_first_start_has_missed_nothing(world):
    world.told(daily_data={}, weekly_reconciliation={}, reference_data={}, live_data={}, historical_sync={})
    world.look(world.updates(), "2026-03-02 12:00")
    assert {row["outcome"] for row in world.rows("update_run")} == {"baseline"}
    assert len(world.rows("update_run")) == 5
    assert world.rows("slot") == []


def test_each_enabled_track_gets_its_jobs_and_nobody_else(world, due):
    world.look(due, "2026-03-03 06:00:04")
    (run,) = world.runs("daily_data")
    told = [
        (row["track"], row["kind"], row["trigger"], json.loads(row["arguments"]), row["update_run_id"])
        for row in sorted(world.rows("slot"), key=lambda row: (row["track"], row["due_at"]))
    ]
    cards, results = {"only": "card", "days_ahead": "2"}, {"only": "results", "days_back": "1"}
    assert told == [
        (track, "daily_data", "update", arguments, run["update_run_id"])
        for track in ("aqu", "ran")
        for arguments in (cards, results)
    ]
    assert world.jobs()[0] == "aqu-daily_data-20260303t060004z"
    assert world.jobs()[2] == "aqu-daily_data-20260303t060005z"


def test_a_crontab_of_every_ten_minutes_fires_it_exactly_once(world):
    """Each look is a process of its own, as `--once` is."""
    world.told(daily_data={})
    for day in ("2026-03-02", "2026-03-03", "2026-03-04"):
        for minute in range(4 * 60 + 3, 8 * 60, 10):
            world.look(world.updates(), f"{day} {minute // 60:02}:{minute % 60:02}")
            world.finish_all()
    runs = world.runs("daily_data")
    assert [row["outcome"] for row in runs] == ["ok"] * 3
    assert [row["started_at"] - row["due_at"] for row in runs] == [3 * MINUTE] * 3
    assert len(world.rows("slot")) == 3 * 4


def test_what_was_missed_is_caught_up_once_and_is_not_late(world, due):
    world.look(world.updates(), "2026-03-09 11:30")
    (run,) = world.runs("daily_data")
    assert run["due_at"] == world.clock.now - 5.5 * 60 * MINUTE, "of seven the newest"
    assert {row["due_at"] for row in world.rows("slot")} <= {world.clock.now, world.clock.now + 1000}


def test_two_schedulers_never_run_one_twice(world, due):
    world.look(due, "2026-03-03 06:00")
    other = world.updates()
    world.look(other)
    assert not other.busy
    world.finish_all()
    world.look(due)
    world.look(other)
    assert len(world.runs("daily_data")) == 1


@pytest.mark.usefixtures("due")
def test_the_next_process_goes_on_with_what_one_left_open(world):
    """So does the next `Updates` of a process that reads its configuration again."""
    first, second = world.updates(), world.updates()
    world.look(first, "2026-03-03 06:00")
    world.finish_all()
    world.look(second)
    assert (first.busy, second.busy) == (True, False)
    del first
    world.look(second)
    assert [row["outcome"] for row in world.runs("daily_data")] == ["ok"]


@pytest.mark.parametrize(
    ("ends", "outcome"),
    [
        (["ok", "ok", "ok", "ok"], "ok"),
        (["no_card", "ok", "empty", "skipped"], "ok"),
        (["blocked", "ok", "ok", "ok"], "partial"),
        (["superseded", "ok", "ok", "ok"], "partial"),
        (["lost", "timeout", "parse_error", "memory"], "failed"),
    ],
)
def test_how_it_ends(world, due, ends, outcome):
    world.look(due, "2026-03-03 06:00")
    for job, end in zip(world.jobs(), ends, strict=True):
        assert world.runs("daily_data")[0]["outcome"] is None
        world.end(world.start(job), end)
        world.look(due)
    (run,) = world.runs("daily_data")
    assert run["outcome"] == outcome
    assert not due.busy
    bad = [end for end in ends if end not in ("ok", "no_card", "empty", "skipped")]
    assert [line.rpartition(": ")[2] for line in (run["detail"] or "").splitlines()] == bad


def test_one_that_takes_too_long_is_given_up_and_the_next_one_runs(world, due, caplog):
    world.look(due, "2026-03-03 06:00")
    world.end(world.start(world.jobs()[0]))
    world.start(world.jobs()[1])  # hangs
    world.look(due, "2026-03-03 06:05")
    assert world.runs("daily_data")[0]["outcome"] is None, "300 s are not over yet"
    world.look(due, "2026-03-03 06:05:01")
    (run,) = world.runs("daily_data")
    assert (run["outcome"], run["finished_at"]) == ("timeout", world.clock.now)
    assert [row["state"] for row in world.rows("slot")].count("failed") == 2
    assert {row["reason"] for row in world.rows("slot") if row["state"] == "failed"} == {
        "update daily_data took longer than its timeout"
    }
    assert "could not be cancelled" in caplog.text, "there is no scrapyd here"
    world.look(due, "2026-03-04 06:00")
    assert len(world.runs("daily_data")) == 2


def test_a_clock_that_is_set_back_does_not_keep_one_running(world, due):
    world.look(due, "2026-03-03 06:00")
    world.look(due)
    world.clock.step(-3600_000)
    world.clock.now += 301_000
    world.look(due)
    assert [row["outcome"] for row in world.runs("daily_data")] == ["timeout"]
    world.look(due, "2026-03-03 06:01")
    assert len(world.runs("daily_data")) == 1, "06:00 comes twice and fires once"


def test_live_data_asks_only_tracks_in_their_racing_hours(world):
    world.told(live_data={})
    updates = world.updates()
    world.look(updates, "2026-03-02 17:01")
    world.race("aqu", "2026-03-02", 1, "2026-03-02 18:30")
    world.race("aqu", "2026-03-02", 2, "2026-03-02 19:00", "cancelled")
    world.race("ran", "2026-03-03", 1, "2026-03-03 02:00")
    asked = []
    for time in ("17:15", "17:30", "19:15", "19:30", "19:45", "20:00"):
        world.look(updates, f"2026-03-02 {time}")
        new = world.runs("live_data")[-1]
        asked.append([row["track"] for row in world.rows("slot") if row["update_run_id"] == new["update_run_id"]])
        world.finish_all()
        world.look(updates)
    assert asked == [[], ["aqu"], ["aqu"], ["aqu"], [], []], "an hour before the post, until 45 + 15 minutes after it"
    assert {row["outcome"] for row in world.runs("live_data")} == {"ok"}


def test_what_it_brought_is_told(world, due, caplog):
    caplog.set_level(logging.INFO)
    old = world.race("aqu", "2026-03-02", 1)
    world.race("aqu", "2026-03-02", 2, status="cancelled")
    world.race("aqu", "2026-03-02", 3)
    world.race("aqu", "2026-03-01", 4)  # not of the day that was asked for
    world.race("ran", "2026-03-02", 1, status="official")
    world.look(due, "2026-03-03 06:00")
    cards, results = (world.start(job) for job in world.jobs()[:1] + world.jobs()[2:3])
    world.clock.now += 1000
    world.race("aqu", "2026-03-04", 1, status="open")
    world.change(old, cards, "post_time", "1", "2")
    world.change(old, results, "result", None, "official")
    world.end(cards)
    world.end(results)
    world.finish_all()
    world.look(due)
    (run,) = world.runs("daily_data")
    assert (run["added"], run["changed"], run["missing"]) == (2, 1, 2)
    assert run["detail"].splitlines() == [
        "aqu 2026-03-02 R1 post_time: 1 -> 2",
        "aqu 2026-03-02 R1 result: None -> official",
        "aqu 2026-03-02 R1: no official result",
        "aqu 2026-03-02 R3: no official result",
    ]
    assert "ended ok: 2 added, 1 changed, 2 missing" in caplog.text


def test_a_backfill_says_when_it_will_be_done(world, caplog):
    caplog.set_level(logging.INFO)
    world.told(historical_sync={"days_back": 30})
    updates = world.updates()
    world.look(updates, "2026-03-02 12:00")
    world.look(updates, "2026-03-03 02:00")
    world.look(updates)
    for day in ("2026-02-27", "2026-02-26", "2026-02-25"):
        world.clock.now += 30_000
        row = {"track": "aqu", "race_date": day, "synced_at": world.clock.now}
        with world.store.write() as connection:
            connection.execute(insert(schema.synced_day).values(row))
        world.look(updates)
    world.look(updates, "2026-03-03 02:02")
    told = [record.getMessage().partition(": ")[2] for record in caplog.records if "days are read" in record.message]
    assert told == [
        "0 of 60 days are read; no estimate yet",
        "2 of 60 days are read; 2.0 a minute, about 0 h 29 min left",
        "3 of 60 days are read; 1.5 a minute, about 0 h 38 min left",
    ]


class TestByHand:
    def test_it_counts_as_manual_and_leaves_the_cron_alone(self, world, due):
        made = due.begin("daily_data", Options(results_only=True, days_back=3), world.clock.now, 0)
        assert due.settled(made) is None
        assert {row["trigger"] for row in world.rows("slot")} == {"manual"}
        assert [json.loads(row["arguments"]) for row in world.rows("slot")] == [
            {"only": "results", "days_back": "3"}
        ] * 2
        world.finish_all()
        due.drive(world.clock.now, 0)
        assert due.settled(made) == "ok"
        world.look(due, "2026-03-03 06:00")
        assert [row["trigger"] for row in world.runs("daily_data")] == ["manual", "update"]

    def test_it_is_refused_while_another_process_drives_the_same(self, world, due):
        lock = path_of(world.settings.state_dir, "daily_data")
        with (
            only_one(lock, "update daily_data"),
            pytest.raises(AlreadyRunning, match=r"update daily_data already runs: pid"),
        ):
            due.begin("daily_data", Options(), world.clock.now, 0)
        assert AlreadyRunning.exit_code == ALREADY_RUNNING
        assert world.rows("slot") == []

    def test_what_a_killed_process_left_is_ended_and_the_new_one_begins_at_once(self, world, due):
        killed = world.updates()
        killed.begin("daily_data", Options(), world.clock.now, 0)
        del killed
        made = due.begin("daily_data", Options(), world.clock.now, 0)
        assert [row["outcome"] for row in world.runs("daily_data")] == ["lost", None]
        assert [row["state"] for row in world.rows("slot")].count("failed") == 4
        world.finish_all()
        due.drive(world.clock.now, 0)
        assert due.settled(made) == "ok"

    def test_live_data_by_hand_asks_every_track(self, world):
        updates = world.updates()
        updates.begin("live_data", Options(races_only=True), world.clock.now, 0)
        assert [(row["track"], json.loads(row["arguments"])) for row in world.rows("slot")] == [
            ("aqu", {"only": "boards"}),
            ("ran", {"only": "boards"}),
        ]


class TestOnTwoMachines:
    def test_an_instant_is_one_machines(self, machines):
        for world in machines:
            world.told(daily_data={})
        looking = [(world, world.updates()) for world in machines]
        for time in ("2026-03-02 12:00", "2026-03-03 06:00", "2026-03-03 06:00:10"):
            for world, updates in looking:
                world.look(updates, time)
        assert len(machines[0].runs("daily_data")) == 1
        assert len(machines[0].rows("slot")) == 4

    def test_what_another_machine_began_by_hand_is_waited_for_until_its_time_is_over(self, machines):
        one, two = machines
        one.updates().begin("daily_data", Options(), one.clock.now, 0)
        with pytest.raises(AlreadyRunning, match=r"update daily_data \(u1\) runs since 12:00:00 UTC"):
            two.updates().begin("daily_data", Options(), two.clock.now, 0)
        later = two.updates()
        made = later.begin("daily_data", Options(), two.clock.now + 301_000, 0)
        assert later.settled(made) is None
        assert [row["outcome"] for row in two.runs("daily_data")] == ["lost", None]
