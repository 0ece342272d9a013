"""A thousand boards replayed: what each showed is what the history says of its instant, and of the instants after it."""

from contextlib import closing
from itertools import chain

import pytest

from horses_scrapy.clock import Clock, to_ms
from horses_scrapy.config import Settings
from horses_scrapy.simulator.bulk import BulkPlan
from horses_scrapy.simulator.bulk_items import board_item, card_item
from horses_scrapy.storage import queries
from horses_scrapy.storage.board_view import GridView, PoolView, Shown
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.writer import store_board, store_race

BOARDS = 1000


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    """The store; of each board its race, its item, and when the race's next one came."""
    home = tmp_path_factory.mktemp("replayed")
    races = list(chain.from_iterable(BulkPlan(observed=10 * BOARDS, seed=3, grids_every=1).bouts()))
    with closing(open_store(Settings(home=home, config_file=home / "x"), Clock(), create_as="sample")) as store:
        known = []
        for race in races:
            with store.write() as connection:
                race_id = store_race(connection, card_item(race), race.track, run_id=None, now_ms=race.card_at)
                items = [board_item(race, poll) for poll in race.polls()]
                for item in items:
                    store_board(connection, item, race.track, run_id=None, now_ms=to_ms(item.fetched_at))
            ends = [to_ms(item.fetched_at) for item in items[1:]] + [to_ms(items[-1].fetched_at) + 3_600_000]
            known += [(race_id, item, end) for item, end in zip(items, ends, strict=True)]
        assert len(known) >= BOARDS
        yield store, known


def shown_prices(item):
    return {(one.market, one.label): Shown(one.price, one.status) for one in item.prices}


def shown_pools(item):
    found = {}
    for pool in item.pools:
        view = found.get(pool.bet_type, PoolView(None, pool.currency, {}))
        total = pool.amount if pool.label is None else view.total
        own = {} if pool.label is None else {pool.label: pool.amount}
        found[pool.bet_type] = PoolView(total, pool.currency, {**view.amounts, **own})
    return found


def shown_pairs(item):
    return {(cell.first, cell.second): cell.payout for grid in item.grids for cell in grid.prices}


def test_every_board_is_answered_at_its_instant_and_until_the_next(replayed):
    store, known = replayed
    with store.read() as connection:
        for number, (race_id, item, end) in enumerate(known):
            at = end - 1 if number % 2 else to_ms(item.fetched_at)
            assert queries.prices_at(connection, race_id, 1, at) == shown_prices(item)
            assert queries.pools_at(connection, race_id, 1, at) == shown_pools(item)
            grid = queries.grid_at(connection, race_id, 1, "exacta", at)
            assert isinstance(grid, GridView)
            assert grid.payouts == shown_pairs(item)
