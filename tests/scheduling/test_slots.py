"""The scheduler's rows."""

import pytest

from horses_scrapy.storage.slots import (
    EvaluatedBoard,
    SlotRow,
    alert_texts,
    claim_slot,
    evaluated_boards,
    give_up_slot,
    leased_tracks,
    mark_lost,
    mark_slot,
    open_runs,
    outcomes,
    recent_slots,
    slots_at_hand,
    unposted_slots,
    write_slot,
)

NOW = 1_750_000_000_000


def row(due_at=NOW, kind="card", track="aqu", **more):
    return SlotRow(track=track, kind=kind, due_at=due_at, due_mono=5, job_id=f"{track}-{kind}-{due_at}", **more)


def test_a_slot_is_written_once(store):
    with store.write() as connection:
        assert write_slot(connection, row(kind="near", races=(3, 11)))
        assert not write_slot(connection, row(kind="near", races=(3,)))
        assert write_slot(connection, row())
        assert [slot.races for slot in recent_slots(connection, ["aqu"], 0) if slot.kind == "near"] == [(3, 11)]


def test_a_job_id_is_written_once_whatever_its_slot(store):
    with store.write() as connection:
        assert write_slot(connection, row())
        assert not write_slot(connection, SlotRow(track="gp", kind="near", due_at=1, due_mono=1, job_id=row().job_id))


def test_a_decided_slot_stays_decided(store):
    with store.write() as connection:
        write_slot(connection, row())
        mark_slot(connection, row().job_id, "posted", NOW + 7)
        mark_slot(connection, row().job_id, "failed", NOW + 9)
        assert [(slot.state, slot.posted_at) for slot in recent_slots(connection, ["aqu"], 0)] == [("posted", NOW + 7)]


def test_recent_slots_are_those_of_the_watched_tracks_since_an_instant(store):
    with store.write() as connection:
        for due_at, track in ((NOW, "aqu"), (NOW - 1, "aqu"), (NOW, "gp"), (NOW + 5, "aqu")):
            write_slot(connection, row(due_at, track=track))
        assert [slot.due_at for slot in recent_slots(connection, ["aqu"], NOW)] == [NOW, NOW + 5]
        assert [slot.due_at for slot in unposted_slots(connection)] == [NOW - 1, NOW, NOW, NOW + 5]


@pytest.mark.parametrize(
    ("slot", "run", "read"),
    [
        ({"kind": "card"}, {"outcome": "ok"}, True),
        ({}, {"outcome": "ok"}, False),
        ({}, {"outcome": "blocked"}, False),
        ({}, {"outcome": "lost"}, True),  # its job may still run
        ({}, {}, True),
        ({}, None, True),
        ({"state": "planned", "posted_at": None}, None, True),
        ({"state": "failed"}, None, False),
        ({"due_at": NOW}, {"outcome": "ok"}, True),
        ({"due_at": NOW - 100_000}, None, False),
    ],
)
def test_of_what_is_settled_the_scheduler_reads_cards_and_the_newest(store, cards, slot, run, read):
    told = {"due_at": NOW - 70_000, "kind": "near", "state": "posted", "posted_at": NOW - 70_000, **slot}
    made = row(**told)
    with store.write() as connection:
        write_slot(connection, made)
    if run is not None:
        run_id = cards.run("aqu", made.job_id, NOW - 69_000, **run)
        with store.write() as connection:
            claim_slot(connection, made.job_id, run_id)
    with store.read() as connection:
        found = slots_at_hand(connection, ["aqu"], NOW - 90_000, NOW - 60_000)
    assert [one.job_id for one in found] == ([made.job_id] if read else [])


def test_recent_slots_are_read_along_the_primary_key(store):
    with store.read() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT * FROM slot WHERE track IN ('a', 'b') AND kind IN ('card', 'near') AND due_at >= 5"
        ).all()
    assert all("SEARCH" in step[-1] and "due_at>?" in step[-1] for step in plan), plan


def test_runs_that_have_not_ended(store, cards):
    job, ended, hand, held = (
        cards.run("aqu", row().job_id, NOW - 400_000),
        cards.run("aqu", "j3", NOW - 400_000, finished_at=NOW, outcome="ok"),
        cards.run("gp", None, NOW - 400_000),
        cards.run("sa", None, NOW - 400_000),
    )
    lease = "INSERT INTO track_lease VALUES ('{}', 'run:{}', 1, {})"
    with store.write() as connection:
        write_slot(connection, row(until_at=NOW + 5))
        connection.exec_driver_sql(lease.format("gp", hand, NOW - 1))
        connection.exec_driver_sql(lease.format("sa", held, NOW + 1))
        assert leased_tracks(connection, NOW) == {"sa"}
        found = open_runs(connection, ["aqu", "gp", "sa"], 0, NOW)
        told = {run.run_id: (run.until_at, run.leased) for run in found}
        assert told == {job: (NOW + 5, False), hand: (None, False), held: (None, True)}, ended
        assert open_runs(connection, ["aqu"], NOW - 399_000, NOW) == []


def test_a_lost_run_holds_its_track_no_more(store, cards):
    run = cards.run("aqu", "j1", NOW)
    with store.write() as connection:
        connection.exec_driver_sql(f"INSERT INTO track_lease VALUES ('aqu', 'j1', 1, {NOW + 60_000})")
        connection.exec_driver_sql(f"INSERT INTO track_lease VALUES ('gp', 'j2', 1, {NOW + 60_000})")
        assert mark_lost(connection, run, NOW, "why")
        assert leased_tracks(connection, NOW) == {"gp"}


def test_a_claimed_slot_is_not_given_up(store, cards):
    with store.write() as connection:
        write_slot(connection, row())
        write_slot(connection, row(NOW + 1, state="posted"))
        claim_slot(connection, row().job_id, 7)
        assert not give_up_slot(connection, row().job_id, "lost")
        assert give_up_slot(connection, row(NOW + 1).job_id, "lost")
        told = {slot.due_at: (slot.state, slot.reason) for slot in recent_slots(connection, ["aqu"], 0)}
    assert told == {NOW: ("planned", None), NOW + 1: ("failed", "lost")}


def test_a_run_that_ended_meanwhile_keeps_its_outcome(store, cards):
    lost, ended = cards.run("aqu", "j1", NOW), cards.run("aqu", "j2", NOW, finished_at=NOW, outcome="blocked")
    with store.write() as connection:
        assert mark_lost(connection, lost, NOW, "why")
        assert not mark_lost(connection, ended, NOW, "why")
        assert outcomes(connection, ["j1", "j2", "j3"]) == {"j1": "lost", "j2": "blocked"}


@pytest.mark.parametrize(("after", "waiting", "expected"), [(0, (), [1, 3]), (1, (), [3]), (3, {1, 2}, [1])])
def test_boards_that_were_evaluated(store, cards, after, waiting, expected):
    race = cards.race("aqu", 4, NOW)
    with store.write() as connection:
        connection.exec_driver_sql("INSERT INTO source VALUES (1, 'demo', 'board', 'display')")
        for board, evaluated in ((1, NOW), (2, "NULL"), (3, NOW)):
            connection.exec_driver_sql(
                "INSERT INTO board (board_id, race_id, source_id, fetched_at, status, evaluated_at) "
                f"VALUES ({board}, {race}, 1, {NOW + board}, 1, {evaluated})"
            )
        connection.exec_driver_sql(
            "INSERT INTO alert (rule, alert_type, scope, race_id, market, subject, unit, message, detail, triggered_at, "
            f"board_id, created_at, committed_mono) VALUES ('r', 'k', 's', {race}, '', '', '', 'text', '', 1, 3, 1, 1)"
        )
        found = evaluated_boards(connection, after, 3, waiting)
        assert [board.board_id for board in found] == expected
        assert EvaluatedBoard(1, "AQU", 4, 0) in found or 1 not in expected
        assert EvaluatedBoard(3, "AQU", 4, 1) in found or 3 not in expected
        assert alert_texts(connection, 0) == [(1, "text")]
