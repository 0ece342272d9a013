"""Random histories, thinned in steps: at each board that stays prices, pools, pairs and will-pays are what they were."""

from collections import Counter
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from horses_scrapy.items import WillPay
from horses_scrapy.storage import queries, schema, will_pays
from horses_scrapy.storage.upkeep import checks, thinning

RACES = count(1)
LABELS = ("1", "2", "3")
BOARD = st.tuples(
    st.dictionaries(st.sampled_from(LABELS), st.sampled_from([2000, 2500, None, "SCR"])),
    st.dictionaries(st.sampled_from([None, "1", "2"]), st.sampled_from([100, 200])),
    st.none() | st.dictionaries(st.sampled_from([("1", "2"), ("2", "1")]), st.sampled_from([500, 600]), min_size=1),
    st.dictionaries(st.sampled_from(LABELS), st.sampled_from([1200, 1300])),
    st.sampled_from(["open", "open", "closed"]),
    st.booleans(),  # the rules have seen it
)


def put_all(connection, meeting, race, boards):
    meeting.put(connection, meeting.card(race=race))
    for index, (prices, pools, grid, paid, status, seen) in enumerate(boards):
        item = meeting.board(
            1200 + index * 120,
            prices,
            race=race,
            pools=pools,
            exacta=grid,
            status=status,
            will_pays=tuple(
                WillPay(bet_type="daily_double", combination=label, base=200, payout=payout, currency="USD")
                for label, payout in paid.items()
            ),
        )
        stored = meeting.put(connection, item)
        if seen:
            evaluated = update(schema.board).where(schema.board.c.board_id == stored.board_id)
            connection.execute(evaluated.values(evaluated_at=1))
    return stored.race_id


def answers(connection, race_id, source_id):
    """By board: all that can be asked of the instant."""
    found = {}
    for board_id in queries.board_ids(connection, race_id, source_id):
        view = queries.board_view(connection, board_id)
        paid = will_pays.as_of(connection, race_id, source_id, view.fetched_at)
        found[board_id] = (view.prices, view.pools, view.grids, paid)
    return found


def latest(connection, race_id):
    interests = select(schema.betting_interest.c.interest_id).where(schema.betting_interest.c.race_id == race_id)
    c = schema.latest_odds.c
    asked = select(c.interest_id, c.market, c.price, c.status, c.seen_at).where(c.interest_id.in_(interests))
    return {tuple(row) for row in connection.execute(asked)}


def sizes(connection):
    tables = (schema.board, schema.price_change, schema.pool_change, schema.pair_grid, schema.will_pay)
    return Counter({table.name: connection.scalar(select(func.count()).select_from(table)) for table in tables})


CASES = (st.lists(BOARD, min_size=1, max_size=9), st.integers(1, 4))
CHEAP = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(*CASES)
@CHEAP
def test_what_stays_answers_as_before(shared_store, meeting, boards, step):
    thinned_in_steps(shared_store, meeting, boards, step)


@pytest.mark.slow
@given(*CASES)
@MANY
def test_what_stays_answers_as_before_for_many_histories(shared_store, meeting, boards, step):
    thinned_in_steps(shared_store, meeting, boards, step)


def thinned_in_steps(store, meeting, boards, step):
    with store.clear() as connection:
        race_id = put_all(connection, meeting, next(RACES), boards)
        source_id = connection.scalar(select(schema.source.c.source_id))
        before, newest, rows = answers(connection, race_id, source_id), latest(connection, race_id), sizes(connection)
        whole = thinning.plan(connection, race_id, source_id)
        stays = set(before) - set(() if whole is None else whole.window.doomed)
        while (made := thinning.plan(connection, race_id, source_id, step)) is not None:
            thinning.apply(connection, made)
            assert faults(connection, store.dialect) == []
            after = answers(connection, race_id, source_id)
            assert after == {board_id: before[board_id] for board_id in after}, "at each step"
        assert set(answers(connection, race_id, source_id)) == stays
        assert latest(connection, race_id) == newest
        assert rows - sizes(connection) == +(Counter() if whole is None else whole.removed()), "as a dry run counts"


def faults(connection, dialect):
    found = [*checks.newest_prices(connection), *checks.pool_amounts(connection), *checks.pair_prices(connection)]
    return found if dialect == "postgresql" else [*found, *checks.parents(connection)]


def test_a_board_that_an_alert_refers_to_stays(store, meeting):
    with store.write() as connection:
        race_id = put_all(connection, meeting, 1, [({"1": 2000 + n}, {}, None, {}, "open", True) for n in range(9)])
        values = {"rule": "r", "alert_type": "x", "scope": "race:1", "market": "win_tote", "subject": "1", "unit": "price",
                  "message": "m", "detail": "{}", "triggered_at": 1, "created_at": 1, "committed_mono": 1}  # fmt: skip
        second = queries.board_ids(connection, race_id, 1)[1]
        connection.execute(schema.alert.insert().values(**values, race_id=race_id, board_id=second))
        made = thinning.plan(connection, race_id, 1)
    assert made is not None
    assert second not in made.window.doomed


def test_a_board_that_was_captured_stays(store, meeting):
    with store.write() as connection:
        race_id = put_all(connection, meeting, 1, [({"1": 2000 + n}, {}, None, {}, "open", True) for n in range(9)])
        second = queries.board_ids(connection, race_id, 1)[1]
        row = {"race_id": race_id, "source_id": 1, "tag": "t-0", "due_at": 1, "board_id": second}
        connection.execute(schema.capture.insert().values(row))
        made = thinning.plan(connection, race_id, 1)
    assert made is not None
    assert second not in made.window.doomed


def test_prices_are_found_by_their_key(sqlite_store, meeting):
    """A race of many thousand boards must not be read whole for each step."""
    with sqlite_store.write() as connection:
        race_id = put_all(connection, meeting, 1, [({"1": 2000 + n}, {}, None, {}, "open", True) for n in range(9)])
        made = thinning.plan(connection, race_id, 1)
        asked = thinning._prices(connection, made.window).compile(
            connection, compile_kwargs={"literal_binds": True, "render_postcompile": True}
        )
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")]
    assert plan == ["SEARCH price_change USING PRIMARY KEY (interest_id=? AND market=? AND board_id=?)"]
