import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import event

from horses_scrapy.storage.board_reader import board_view
from horses_scrapy.storage.drift import Drifted, PastDrift, drifts_before, is_recorded, record

DAY = dt.date(2026, 5, 2)


def row(minutes=5, label="1", price=4000, final=3000):
    return Drifted(minutes=minutes, label=label, price=price, final_price=final)


@pytest.fixture
def connection(store):
    with store.write() as opened:
        yield opened


@pytest.fixture
def official(connection, meeting):
    """Stores a race's card and a last board of a source; the board's id."""

    def store_one(race=1, date=DAY, source=None):
        for item in (meeting.card(race=race, source=source), meeting.board(60, {"1": 3000}, race=race, source=source)):
            stored = meeting.put(connection, replace(item, race_date=date))
        return stored.board_id

    return store_one


def before(connection, board_id, minutes=5, races=100, source="demo"):
    return drifts_before(connection, board_view(connection, board_id).race, source, minutes, races)


def test_what_is_recorded_is_read_by_later_races(connection, official):
    first, second = official(1), official(2)
    record(connection, first, [row(), row(label="2", price=2000, final=2500), row(minutes=3)])
    one = board_view(connection, first).race.race_id
    assert sorted(before(connection, second), key=lambda drift: drift.price) == [
        PastDrift(one, 2000, 2500),
        PastDrift(one, 4000, 3000),
    ]
    assert [drift.price for drift in before(connection, second, minutes=3)] == [4000]
    assert before(connection, second, minutes=4) == []


def test_a_race_knows_nothing_of_itself_and_of_later_ones(connection, official):
    boards = [official(race, DAY + dt.timedelta(days)) for days in (0, 1, 2) for race in (1, 2)]
    for number, board_id in enumerate(boards):
        record(connection, board_id, [row(price=2000 + number)])
    for number, board_id in enumerate(boards):
        assert sorted(drift.price for drift in before(connection, board_id)) == [2000 + n for n in range(number)]


def test_only_the_newest_races_count(connection, official):
    boards = [official(race) for race in range(1, 8)]
    for number, board_id in enumerate(boards):
        record(connection, board_id, [row(price=2000 + number)])
    assert sorted(drift.price for drift in before(connection, boards[-1], races=2)) == [2004, 2005]


def test_sources_are_kept_apart(connection, official, meeting):
    here, there, now = official(1), official(1, source=meeting.other), official(2)
    record(connection, here, [row(price=2000)])
    assert is_recorded(connection, here)
    assert not is_recorded(connection, there)
    record(connection, there, [row(price=5000)])
    assert [drift.price for drift in before(connection, now)] == [2000]
    assert [drift.price for drift in before(connection, now, source="other")] == [5000]


def test_nothing_to_record(connection, official):
    board_id = official()
    record(connection, board_id, [])
    assert not is_recorded(connection, board_id)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_no_table_is_read_whole(connection, official):
    """A track's past is read for every alert."""
    board_id = official(2)
    plans = []

    def explain(_connection, cursor, statement, parameters, _context, _many):
        if statement.lstrip().startswith("SELECT drift"):
            plans.extend(line[3] for line in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())

    event.listen(connection, "before_cursor_execute", explain)
    before(connection, board_id)
    assert any("drift" in line for line in plans), plans
    assert [line for line in plans if line.startswith("SCAN") and "anon" not in line and "past" not in line] == []
