"""What pages ask of pools, sources and prices for a win, on both kinds of database."""

import datetime as dt

import pytest

from horses_scrapy.storage.best_prices import horses_listed, prices_asked, sources_showing
from horses_scrapy.storage.pool_paths import pool_path
from horses_scrapy.storage.race_boards import newest_board_id, race_sources

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


def test_a_pool_stands_until_a_board_shows_it_otherwise(told, meeting):
    connection = told(
        meeting.card(),
        meeting.board(60, {"1": 3500, "2": 5000}, pools={None: 900, "1": 500, "2": 400}),
        meeting.board(120, {"1": 3500, "2": 5000}, pools={None: 900, "1": 500, "2": 400}, flags=frozenset({"suspect"})),
        meeting.board(180, {"1": 3000}),
        meeting.board(240, {"1": 3000}, pools={None: 1200, "1": 800, "2": 400}),
        meeting.board(300, {"1": 9000}, pools={None: 5}, source=meeting.other),
    )
    path = pool_path(connection, 1, DEMO, "win", priced=True)
    assert [
        (one.fetched_at - meeting.ms(0), one.total, dict(one.amounts), dict(one.prices), set(one.flags))
        for one in path.boards
    ] == [
        (60_000, 900, {"1": 500, "2": 400}, {"1": 3500, "2": 5000}, set()),
        (120_000, 900, {"1": 500, "2": 400}, {"1": 3500, "2": 5000}, {"suspect"}),
        (180_000, None, {}, {"1": 3000}, set()),
        (240_000, 1200, {"1": 800, "2": 400}, {"1": 3000}, set()),
    ]
    assert pool_path(connection, 1, DEMO, "exacta").boards[0].currency is None
    assert {tuple(one.prices) for one in pool_path(connection, 1, DEMO, "win").boards} == {()}


def test_the_primary_source_comes_first_and_a_board_is_of_one_of_them(told, meeting):
    connection = told(
        meeting.card(),
        meeting.card(source=meeting.other),
        meeting.board(60, {"1": 3500}),
        meeting.board(90, {"1": 3500}, source=meeting.other),
        meeting.board(120, {"1": 3500}),
    )
    assert [(one.name, one.is_primary) for one in race_sources(connection, 1)] == [("demo", True), ("other", False)]
    newest = {
        (source, at): newest_board_id(connection, 1, source, meeting.ms(at))
        for source in (DEMO, OTHER)
        for at in (59, 60, 119, 500)
    }
    assert newest == {
        (DEMO, 59): None, (DEMO, 60): 1, (DEMO, 119): 1, (DEMO, 500): 3,
        (OTHER, 59): None, (OTHER, 60): None, (OTHER, 119): 2, (OTHER, 500): 2,
    }  # fmt: skip


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
