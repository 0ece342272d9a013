"""For any order of arrival, with repetitions, history and newest values are those of the boards in order."""

from itertools import count

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from horses_scrapy.items import WillPay
from horses_scrapy.storage import queries, schema, will_pays
from horses_scrapy.storage.board_view import GridView, PoolView, Shown

RACES = count(1)
LABELS = ("1", "2", "3")
MISSING = Shown(None, "missing")

PRICES = st.dictionaries(st.sampled_from(LABELS), st.sampled_from([2000, 2500, None, "SCR"]))
POOLS = st.dictionaries(st.sampled_from([None, "1", "2"]), st.sampled_from([0, 100, 200]))
GRID = st.none() | st.tuples(
    st.dictionaries(st.sampled_from([("1", "2"), ("2", "1")]), st.sampled_from([500, 600]), min_size=1),
    st.sampled_from([100, 200]),
)
WILL_PAYS = st.dictionaries(st.sampled_from(LABELS), st.sampled_from([1200, 1300]))
BOARD = st.tuples(PRICES, POOLS, GRID, st.sampled_from(["open", "closed"]), WILL_PAYS)


@st.composite
def arrivals(draw):
    boards = draw(st.lists(BOARD, min_size=1, max_size=7))
    order = draw(st.permutations(range(len(boards))))
    repeated = draw(st.lists(st.sampled_from(range(len(boards))), max_size=3))
    return boards, [*order, *repeated]


def shown_prices(boards, index):
    """By label: what board `index` shows; MISSING for what only an earlier one showed."""
    seen = {label for prices, *_ in boards[: index + 1] for label in prices}
    now = boards[index][0]
    return {
        ("win_tote", label): MISSING
        if label not in now
        else Shown(None, "scratched")
        if now[label] == "SCR"
        else Shown(now[label], "active")
        for label in seen
    }


def shown_pools(boards, index):
    now = boards[index][1]
    amounts = {label: amount for label, amount in now.items() if label is not None}
    return {"win": PoolView(now.get(None), "USD", amounts)} if now else {}


def shown_grids(boards, index, meeting):
    """The newest grid, with the instant of the first board of its unbroken run."""
    view = None
    for at, (_, _, grid, _, _) in enumerate(boards[: index + 1]):
        if grid is not None and (view is None or (view.payouts, view.base) != grid):
            view = GridView(grid[1], "USD", meeting.ms(at * 60), grid[0])
    return {} if view is None else {"exacta": view}


def latest_expected(boards, meeting):
    newest = len(boards) - 1
    found = {}
    for key, shown in shown_prices(boards, newest).items():
        changed = newest
        while changed and shown_prices(boards, changed - 1).get(key) == shown:
            changed -= 1
        seen = changed - 1 if shown == MISSING else newest
        found[key] = (shown, meeting.ms(changed * 60), meeting.ms(seen * 60))
    return found


def standing(found):
    return {combination: paid.payout for (_, combination), paid in found.items() if paid.payout is not None}


def put_all(connection, meeting, race, boards, order):
    for index in order:
        prices, pools, grid, status, paid = boards[index]
        grids = () if grid is None else (meeting.grid(index * 60, grid[0], base=grid[1]),)
        will_pays = tuple(
            WillPay(bet_type="daily_double", combination=label, base=200, payout=payout, currency="USD")
            for label, payout in paid.items()
        )
        item = meeting.board(
            index * 60, prices, race=race, pools=pools, grids=grids, status=status, will_pays=will_pays
        )
        stored = meeting.put(connection, item)
    return stored.race_id


def change_rows(connection, race_id):
    """Rows of price and pool changes and of grids: minimal whatever the order."""
    tables = (schema.price_change, schema.pool_change, schema.pair_grid, schema.will_pay)
    return [
        connection.scalar(
            select(func.count())
            .select_from(table.join(schema.board, schema.board.c.board_id == table.c.board_id))
            .where(schema.board.c.race_id == race_id)
        )
        for table in tables
    ]


@given(arrivals())
@example(
    (
        [({"1": 2000}, {}, None, "open", {}), ({}, {}, None, "open", {}), ({"1": 2000}, {}, None, "closed", {})],
        [2, 0, 1],
    )
)
@example(
    (
        [
            ({}, {}, ({("1", "2"): 500}, 200), "open", {}),
            ({}, {}, ({("1", "2"): 600}, 200), "open", {}),
            ({}, {}, ({("1", "2"): 500}, 200), "open", {}),
        ],
        [0, 2, 1],
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_order_of_arrival(shared_store, meeting, case):
    boards, order = case
    with shared_store.write() as connection:
        race_id = put_all(connection, meeting, next(RACES), boards, order)
        in_order = put_all(connection, meeting, next(RACES), boards, range(len(boards)))
        source_id = connection.scalar(select(schema.source.c.source_id))
        for index, board_id in enumerate(queries.board_ids(connection, race_id, source_id)):
            view = queries.board_view(connection, board_id)
            assert view.fetched_at == meeting.ms(index * 60)
            assert view.prices == shown_prices(boards, index)
            assert view.pools == shown_pools(boards, index)
            assert view.grids == shown_grids(boards, index, meeting)
            assert standing(will_pays.as_of(connection, race_id, source_id, view.fetched_at)) == boards[index][4]
            at = view.fetched_at + 59_999
            assert queries.prices_at(connection, race_id, source_id, at) == view.prices
            assert queries.pools_at(connection, race_id, source_id, at) == view.pools
        newest = {
            (one.market, one.label): (Shown(one.price, one.status), one.changed_at, one.seen_at)
            for one in queries.latest_odds(connection, race_id)
        }
        assert newest == latest_expected(boards, meeting)
        assert change_rows(connection, race_id) == change_rows(connection, in_order)
        ends = select(schema.race.c.off_at, schema.race.c.race_id)
        off = {row.race_id: row.off_at for row in connection.execute(ends)}
        assert off[race_id] == off[in_order]
