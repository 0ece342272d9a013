"""The boards at and after the off, and the final one: each is there, or the reason why not."""

from contextlib import closing

import pytest
from sqlalchemy import event, insert

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.scheduling import cost, lateness, locks, pick
from horses_scrapy.scheduling.captures import BATCH, assign, finished, settle
from horses_scrapy.storage import schema
from horses_scrapy.storage.captures import Poll, SeenBoard, WatchedRace
from horses_scrapy.storage.engine import open_store

OFF = 1_750_000_000_000
FLOOR_15, FLOOR_30, FLOOR_60 = (Scraping().at_least(floor) for floor in (1, 30, 60))
RACE = WatchedRace(race_id=1, source_id=1, track="aqu", status="official", post_time=OFF - 60_000, off_at=OFF)


def race(**changes):
    return WatchedRace(**{name: changes.get(name, getattr(RACE, name)) for name in WatchedRace.__dataclass_fields__})


def boards(*seen):
    """(seconds after the off, status), numbered from 1."""
    return [SeenBoard(number, OFF + round(after * 1000), status) for number, (after, status) in enumerate(seen, 1)]


def poll(after, kind="near", *, lasts=None, state="posted", reason=None, run_id=1, outcome="ok"):
    until = None if lasts is None else OFF + (after + lasts) * 1000
    return Poll(kind, OFF + after * 1000, until, state, reason, run_id, outcome)


def told(captures):
    return [one.board_id if one.board_id is not None else one.reason for one in captures]


EACH = [(0, "closed"), (15, "closed"), (30, "closed"), (60, "unofficial"), (300, "official")]


@pytest.mark.parametrize(
    ("cadence", "seen", "expected"),
    [
        pytest.param(FLOOR_15, EACH, [1, 2, 3, 4, 5], id="all"),
        pytest.param(FLOOR_30, [EACH[0], *EACH[2:]], [1, "floor", 2, 3, 4], id="a floor of 30 s knows no t+15"),
        pytest.param(FLOOR_60, [EACH[0], *EACH[3:]], [1, "floor", "floor", 2, 3], id="a floor of 60 s"),
        pytest.param(FLOOR_60, [(0, "closed"), (22, "closed"), (60, "closed"), (300, "official")], [1, 2, "floor", 3, 4],
                     id="a board that came by chance counts where the floor let none be planned"),
        pytest.param(FLOOR_15, [(-3, "open"), (3, "closed"), (12, "closed"), (37.4, "closed"), (67.5, "closed"), (300, "official")],
                     [1, 3, 4, "no_poll", 6], id="nearest, and less than half the spacing away"),
        pytest.param(FLOOR_15, [(-50, "open"), (9, "closed"), (30, "closed"), (60, "closed"), (300, "official")], [1, 2, 3, 4, 5],
                     id="t-0 is else the last open board"),
        pytest.param(FLOOR_15, [(-68, "open"), (300, "official")], ["no_poll", "no_poll", "no_poll", "no_poll", 2],
                     id="but no older one than the last minutes' cadence leaves"),
        pytest.param(FLOOR_15, [(-20, "closed"), (300, "official")], ["no_poll", "no_poll", "no_poll", "no_poll", 2],
                     id="and an open one"),
        pytest.param(FLOOR_15, [*EACH, (600, "official")], [1, 2, 3, 4, 6], id="the final board is the newest official one"),
        pytest.param(FLOOR_15, EACH[:4], [1, 2, 3, 4, "no_final"], id="official, and no official board"),
    ],
)  # fmt: skip
def test_each_tag_gets_the_board_nearest_to_its_instant(cadence, seen, expected):
    captures = assign(RACE, cadence, boards(*seen), [])
    assert [one.tag for one in captures] == ["t-0", "t+15", "t+30", "t+60", "final"]
    assert [one.due_at for one in captures] == [OFF, OFF + 15_000, OFF + 30_000, OFF + 60_000, None]
    assert told(captures) == expected


@pytest.mark.parametrize(
    ("polls", "reason"),
    [
        ([], "no_poll"),
        ([poll(15)], "no_board"),
        ([poll(15, outcome="no_card")], "no_board"),
        ([poll(15, outcome=None)], "no_board"),
        ([poll(15, outcome="timeout")], "failed:timeout"),
        ([poll(15, kind="card", outcome="blocked")], "failed:blocked"),
        ([poll(15, run_id=None, outcome=None)], "failed:lost"),
        ([poll(15, state="failed", reason="late", run_id=None, outcome=None)], "given_up:late"),
        ([poll(15, state="failed", run_id=None, outcome=None)], "given_up:unknown"),
        ([poll(23, outcome="timeout")], "no_poll"),
        ([poll(10, outcome="timeout"), poll(16)], "no_board"),
        ([poll(-100, kind="window", lasts=300, outcome="lost")], "failed:lost"),
        ([poll(-100, kind="window", lasts=300, outcome="lost"), poll(15, kind="poll")], "no_board"),
        ([poll(-100, kind="window", lasts=300)], "no_poll"),
        ([poll(-100, kind="window", lasts=110, outcome="lost")], "no_poll"),
        ([poll(0, kind="window", lasts=300, state="failed", reason="late")], "given_up:late"),
    ],
)
def test_a_tag_without_a_board_says_what_became_of_its_poll(polls, reason):
    seen = [one for one in EACH if one[0] != 15]
    assert assign(RACE, FLOOR_15, boards(*seen), polls)[1].reason == reason


@pytest.mark.parametrize(
    ("changes", "seen", "expected"),
    [
        ({"status": "cancelled"}, EACH[:1], ["cancelled"] * 5),
        ({"status": "postponed", "off_at": None}, [], ["postponed"] * 5),
        ({"status": "unofficial"}, EACH[:4], [1, 2, 3, 4, "not_official"]),
        ({"status": "official", "off_at": None, "post_time": None}, EACH[4:], ["no_post"] * 4 + [1]),
        ({"off_at": None, "post_time": OFF}, EACH, [1, 2, 3, 4, 5]),
    ],
)
def test_a_race_that_did_not_end_as_usual(changes, seen, expected):
    assert told(assign(race(**changes), FLOOR_15, boards(*seen), [])) == expected


CAP_S = Scraping().after_post_cap


@pytest.mark.parametrize(
    ("changes", "seen", "after", "expected"),
    [
        ({}, EACH, 89, False),
        ({}, EACH, 90, True),
        ({}, EACH[:4], 90, False),
        ({}, EACH[:4], CAP_S - 60, False),
        ({}, EACH[:4], CAP_S - 59, True),
        ({"status": "closed"}, EACH[:1], CAP_S - 60, False),
        ({"status": "closed"}, EACH[:1], CAP_S - 59, True),
        ({"status": "closed", "post_time": OFF - 10_000_000}, EACH[:1], 89, False),
        ({"status": "cancelled", "off_at": None, "post_time": OFF + 10_000_000}, [], 0, True),
        ({"status": "postponed", "off_at": None, "post_time": OFF}, [], CAP_S, False),
        ({"status": "postponed", "off_at": None, "post_time": OFF}, [], CAP_S + 1, True),
        ({"status": "open", "off_at": None, "post_time": None}, [], CAP_S, False),
        ({"status": "official", "off_at": None, "post_time": None}, [], 0, True),
    ],
)
def test_a_race_is_settled_when_nothing_more_is_expected_of_it(changes, seen, after, expected):
    assert finished(race(**changes), FLOOR_15, boards(*seen), OFF + after * 1000) == expected


class Day:
    """Races of one source, written straight into the database."""

    def __init__(self, store, cards):
        self.store, self.cards = store, cards
        self._write(schema.source, source_id=1, name="demo", notation="board", basis="display")

    def _write(self, table, **values):
        with self.store.write() as connection:
            return connection.execute(insert(table).values(**values)).inserted_primary_key[0]

    def race(self, number, seen, status="official", day="2025-06-15"):
        race_id = self.cards.race("aqu", number, OFF, status, day)
        told = {"source_key": "", "url": "", "is_primary": 1, "status": status}
        self._write(schema.race_source, race_id=race_id, source_id=1, **told)
        for after, board_status in seen:
            told = {"status": board_status, "fetched_at": OFF + after * 1000}
            self._write(schema.board, race_id=race_id, source_id=1, **told)
        return race_id

    def slot(self, after, kind, **more):
        told = {"job_id": f"aqu-{kind}-{after}", "due_at": OFF + after * 1000, "due_mono": 0, "state": "posted"}
        self._write(schema.slot, track="aqu", kind=kind, **told | more)

    def captured(self, race_id):
        rows = [row for row in self.cards.rows("capture") if row["race_id"] == race_id]
        order = {row["board_id"]: number for number, row in enumerate(self.cards.rows("board"), 1)}
        return {row["tag"]: order.get(row["board_id"], row["reason"]) for row in rows}


@pytest.fixture
def day(store, cards):
    return Day(store, cards)


def test_finished_races_are_settled_once(day, settings, store):
    """The track's source, demo, is a public host here: no t+15."""
    run = day.cards.run("aqu", None, OFF, outcome="timeout")
    day.slot(30, "near", run_id=run)
    day.slot(60, "near", state="failed", reason="late")
    done = day.race(1, [(0, "closed"), (300, "official")])
    open_one = day.race(2, [(0, "closed")], status="closed")
    day.race(3, [], day="2025-06-12")
    settle(store, settings, OFF + 400_000)
    expected = {"t-0": 1, "t+15": "floor", "t+30": "failed:timeout", "t+60": "given_up:late", "final": 2}
    assert day.captured(done) == expected
    assert day.captured(open_one) == {}
    settle(store, settings, OFF + (CAP_S + 1) * 1000)
    settle(store, settings, OFF + (CAP_S + 2) * 1000)
    assert day.captured(open_one)["final"] == "not_official"
    assert len(day.cards.rows("capture")) == 10, "once, and nothing of a race from before the last two days"


def test_a_look_with_nothing_new_writes_nothing_and_a_long_look_back_comes_in_parts(day, settings, store):
    for number in range(1, BATCH + 3):
        day.race(number, [], status="cancelled")
    settle(store, settings, OFF)
    assert len(day.cards.rows("capture")) == 5 * BATCH
    settle(store, settings, OFF)
    assert len(day.cards.rows("capture")) == 5 * (BATCH + 2)
    statements = []
    with store.read() as connection:
        event.listen(connection.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
        settle(store, settings, OFF)
    assert len([one for one in statements if one.startswith("SELECT")]) == 1
    assert not any("INSERT" in one for one in statements)


def test_a_server_answers_the_same(postgres_url, home, cards):
    """And what else only looks: lateness, cost, leases, what failed."""
    environ = {"HORSES_DATABASE_URL": postgres_url, "SCRAPYD_PASSWORD": "x"}
    settings = config.load(home / "config" / "config.yaml", environ=environ)
    with closing(open_store(settings, Clock())) as store:
        day = Day(store, type(cards)(store))
        run = day.cards.run("aqu", "job", OFF, outcome="timeout", due_at=OFF + 30_000, trigger="schedule", kind="near")
        day.slot(30, "near", run_id=run, started_mono=1000, committed_mono=2500, trigger="schedule")
        race_id = day.race(1, [(0, "closed"), (300, "official")])
        settle(store, settings, OFF + 400_000)
        assert day.captured(race_id)["t+30"] == "failed:timeout"
        assert pick.that_failed(settings, str(run)) == ("aqu",)
        assert [line.p50 for line in lateness.between(store, OFF, OFF + 60_000)] == [2.5]
        with store.read() as connection:
            assert [day.card for day in cost.reckon(settings, OFF, connection).tracks] == ["today", "assumed"]
            assert list(locks.stored(connection, OFF, tick=10)) == []
