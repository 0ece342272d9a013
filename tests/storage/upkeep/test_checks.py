"""Each check finds its fault in a database that is otherwise sound, and says where it is."""

import json

import pytest
from sqlalchemy import delete, insert, select, text, update

from horses_scrapy.storage import schema
from horses_scrapy.storage.upkeep import checks, clearing

PRICE, LATEST, POOLS, GRID = schema.price_change, schema.latest_odds, schema.pool_change, schema.pair_grid


def fill(connection, meeting):
    meeting.put(connection, meeting.card())
    for at, price in enumerate((2000, 2500, 2500, 3000)):
        prices = {"1": price, "2": 4000} if at < 2 else {"1": price}
        meeting.put(connection, meeting.board(at * 60, prices, pools={None: 100 + at}, exacta={("1", "2"): 900 + at}))


def of_first(table):
    return (
        table.c.interest_id
        == select(schema.betting_interest.c.interest_id).where(schema.betting_interest.c.label == "1").scalar_subquery()
    )


def newest_board():
    return select(schema.board.c.board_id).order_by(schema.board.c.fetched_at.desc()).limit(1).scalar_subquery()


DAMAGE = {
    "another price": ("newest prices", update(LATEST).where(of_first(LATEST)).values(price=9000), "demo 2026-05-02 R1 #1: win_tote of 2026-05-02T20:03"),
    "an older price": ("newest prices", update(LATEST).where(of_first(LATEST)).values(changed_at=5), "R1 #1: win_tote"),
    "no newest price": ("newest prices", delete(LATEST).where(of_first(LATEST)), "is not what latest_odds has"),
    "no history": ("newest prices", delete(PRICE).where(PRICE.c.board_id == newest_board()), "no price of 2026-05-02T20:03:00.000000Z is in the history"),
    "another instant": ("newest boards", update(LATEST).where(of_first(LATEST)).values(seen_at=7), "R1 #1: win_tote: seen_at 1970-"),
    "a gone price that was seen later": ("newest boards", update(LATEST).where(LATEST.c.status == "missing").values(seen_at=LATEST.c.changed_at), "R1 #2: win_tote: seen_at"),
    "more pools than there are": ("pool amounts", update(POOLS).where(POOLS.c.board_id == newest_board()).values(amounts="[1,2]"), "R1 board 4: pool_change.amounts"),
    "pools that are no array": ("pool amounts", update(POOLS).where(POOLS.c.board_id == newest_board()).values(amounts="[1,"), "R1 board 4"),
    "pools that are a word": ("pool amounts", update(POOLS).where(POOLS.c.board_id == newest_board()).values(amounts='"x"'), "R1 board 4"),
    "a pair too few": ("pair prices", update(GRID).where(GRID.c.board_id == newest_board()).values(payouts="[null,1,2]"), "R1 board 4: pair_grid.payouts"),
    "pairs of nobody": ("pair prices", update(GRID).where(GRID.c.board_id == newest_board()).values(interests="{}"), "R1 board 4"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_a_fault_is_found_by_its_check_alone(store, meeting, name):
    check, damage, said = DAMAGE[name]
    with store.clear() as connection:
        fill(connection, meeting)
        sound = {each: one.find(connection) for each, one in checks.EVERY.items()}
        connection.execute(damage)
    assert not any(sound.values())
    with store.read() as connection:
        found = {each: faults for each, one in checks.EVERY.items() if (faults := one.find(connection))}
    assert list(found) == [check]
    assert said in found[check][0]


def test_rows_without_a_parent_are_counted(sqlite_store, meeting):
    with sqlite_store.clear() as connection:
        fill(connection, meeting)
        assert checks.parents(connection) == []
        connection.execute(delete(schema.race))
        found = checks.parents(connection)
    assert any(line.startswith("board: 4 rows refer to a missing row of race, the first has rowid 1") for line in found)
    assert any(line.startswith("betting_interest: ") for line in found)


def test_in_a_thinned_race_the_board_that_showed_a_price_last_may_be_gone(store, meeting):
    with store.clear() as connection:
        fill(connection, meeting)
        connection.execute(update(LATEST).where(LATEST.c.status == "missing").values(seen_at=meeting.ms(30)))
        assert len(checks.newest_seen(connection)) == 1
        connection.execute(insert(schema.meta).values(key=clearing.PRUNED_BEFORE, value="2026-05-03"))
        assert checks.newest_seen(connection) == []


def test_a_thousand_faults_are_not_all_named(store, meeting):
    with store.clear() as connection:
        fill(connection, meeting)
        first = connection.execute(select(schema.board)).mappings().first()
        more = [dict(first) | {"board_id": 100 + n, "fetched_at": n} for n in range(30)]
        connection.execute(insert(schema.board), more)
        connection.execute(insert(POOLS), [{"board_id": 100 + n, "amounts": json.dumps("x")} for n in range(30)])
        found = checks.pool_amounts(connection)
    assert len(found) == checks.SHOWN + 1
    assert found[-1] == "and more"


def test_the_history_is_read_once_and_nothing_is_sorted(sqlite_store):
    with sqlite_store.read() as connection:
        seen = []
        connection.connection.dbapi_connection.set_trace_callback(seen.append)
        checks._history_says_else(connection)
        connection.connection.dbapi_connection.set_trace_callback(None)
        plan = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {seen[0]}"))]
    assert plan == [
        "SCAN price_change",
        "SEARCH board USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH latest_odds USING PRIMARY KEY (interest_id=? AND source_id=? AND market=?) LEFT-JOIN",
    ]
