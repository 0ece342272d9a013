"""What pages ask of pools, sources and prices for a win, on both kinds of database."""

import datetime as dt

import pytest

from horses_scrapy.storage.best_prices import horses_listed, prices_asked, sources_showing
from horses_scrapy.storage.board_reader import board_view, prices_at
from horses_scrapy.storage.race_boards import newest_board_id, tellers
from horses_scrapy.storage.race_list import listed_race
from horses_scrapy.storage.stored_race import StoredRace

DAY = dt.date(2026, 5, 2)
DEMO, OTHER = 1, 2


@pytest.fixture
def told(store, meeting):
    """Stores items one after another; the connection."""
    with store.write() as connection:

        def put(*items):
            for item in items:
                meeting.put(connection, item)
            return connection

        yield put


def read(connection) -> StoredRace:
    race = listed_race(connection, 1)
    assert race is not None
    return StoredRace(connection, race)


def test_a_pool_stands_until_a_board_shows_it_otherwise(told, meeting):
    connection = told(
        meeting.card(),
        meeting.board(60, {"1": 3500, "2": 5000}, pools={None: 900, "1": 500, "2": 400}),
        meeting.board(120, {"1": 3500, "2": 5000}, pools={None: 900, "1": 500, "2": 400}, flags=frozenset({"suspect"})),
        meeting.board(180, {"1": 3000}),
        meeting.board(240, {"1": 3000}, pools={None: 1200, "1": 800, "2": 400}),
        meeting.board(300, {"1": 9000}, pools={None: 5}, source=meeting.other),
    )
    stored = read(connection)
    path = stored.pool_path(DEMO, "win", priced=True)
    assert [
        (one.fetched_at - meeting.ms(0), one.total, dict(one.amounts), dict(one.prices), set(one.flags))
        for one in path.boards
    ] == [
        (60_000, 900, {"1": 500, "2": 400}, {"1": 3500, "2": 5000}, set()),
        (120_000, 900, {"1": 500, "2": 400}, {"1": 3500, "2": 5000}, {"suspect"}),
        (180_000, None, {}, {"1": 3000}, set()),
        (240_000, 1200, {"1": 800, "2": 400}, {"1": 3000}, set()),
    ]
    assert stored.pool_path(DEMO, "exacta").boards[0].currency is None
    assert {tuple(one.prices) for one in stored.pool_path(DEMO, "win").boards} == {()}


def test_the_primary_source_comes_first_and_a_board_is_of_one_of_them(told, meeting):
    connection = told(
        meeting.card(),
        meeting.card(source=meeting.other),
        meeting.board(60, {"1": 3500}),
        meeting.board(90, {"1": 3500}, source=meeting.other),
        meeting.board(120, {"1": 3500}),
    )
    assert [(one.source.name, one.is_primary) for one in tellers(connection, 1)] == [("demo", True), ("other", False)]
    newest = {
        (source, at): newest_board_id(connection, 1, source, meeting.ms(at))
        for source in (DEMO, OTHER)
        for at in (59, 60, 119, 500)
    }
    assert newest == {
        (DEMO, 59): None, (DEMO, 60): 1, (DEMO, 119): 1, (DEMO, 500): 3,
        (OTHER, 59): None, (OTHER, 60): None, (OTHER, 119): 2, (OTHER, 500): 2,
    }  # fmt: skip


@pytest.mark.parametrize("flags", [frozenset(), frozenset({"suspect"})])
def test_a_race_read_once_shows_the_boards_that_are_read_one_by_one(told, meeting, flags):
    connection = told(
        meeting.card(),
        meeting.card(source=meeting.other),
        meeting.board(60, {"1": 3500, "2": 5000}, pools={None: 900, "1": 500, "2": 400}, exacta={("1", "2"): 1370}),
        meeting.board(
            120, {"1": 3000}, flags=flags, pools={None: 1200, "1": 800}, exacta={("1", "2"): 1500, ("2", "1"): 900}
        ),
        meeting.board(130, {"2": 2500}, source=meeting.other),
    )
    stored = read(connection)
    for teller, newest in zip(stored.tellers, (2, 3), strict=True):
        assert stored.newest(teller) == board_view(connection, newest)
        for at in (59, 60, 119, 120, 130, 500):
            asked = meeting.ms(at)
            board_id = newest_board_id(connection, 1, teller.source_id, asked)
            expected = None if board_id is None else board_view(connection, board_id, frozenset())
            assert stored.sound(teller, asked, frozenset()) == expected
            assert stored.prices(teller, asked) == prices_at(connection, 1, teller.source_id, asked)
    assert set(stored.sound(stored.tellers[0], meeting.ms(500), frozenset()).grids) == {"exacta"}


def test_what_is_asked_for_a_win_is_of_the_newest_board_of_each_source(told, meeting):
    fixed = (meeting.price("1", 3000, "win_fixed"), meeting.price("2", "SCR", "win_fixed"))
    connection = told(
        meeting.card(),
        meeting.board(60, {"1": 3500, "2": 5000}),
        meeting.board(120, {"1": 3500}, flags=frozenset({"suspect"})),
        meeting.board(130, raw_prices=fixed, source=meeting.other),
        meeting.card(race=2),
        meeting.board(60, {"1": 3500}, race=2, status="closed"),
    )
    asked = [
        (
            one.race_id,
            one.source,
            one.market,
            one.label,
            one.price,
            one.status,
            one.fetched_at - meeting.ms(0),
            one.flags,
        )
        for one in prices_asked(connection, DAY, DAY)
    ]
    assert sorted(asked, key=str) == [
        (1, "demo", "win_tote", "1", 3500, "active", 120_000, frozenset({"suspect"})),
        (1, "other", "win_fixed", "1", 3000, "active", 130_000, frozenset()),
        (1, "other", "win_fixed", "2", None, "scratched", 130_000, frozenset()),
    ]  # #2 is on the tote's board no more, and race 2 is off
    assert {(one.race_id, one.source) for one in sources_showing(connection, DAY, DAY)} == {(1, "demo"), (1, "other")}
    assert prices_asked(connection, DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2)) == []
    assert {(one.race_id, one.label, one.horse) for one in horses_listed(connection, {1})} == {
        (1, "1", "Alpha (IRE)"),
        (1, "1", "Alphabet"),
        (1, "2", "Bravo"),
        (1, "10", "Juliet"),
    }
