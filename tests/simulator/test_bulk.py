"""A big sample is what a crawl of its boards would have stored, only quicker; and it is worth measuring."""

import importlib
import json
from contextlib import closing
from itertools import chain, pairwise
from pathlib import Path

import pytest
from sqlalchemy import select, update

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError, StoreError
from horses_scrapy.odds import LADDER
from horses_scrapy.simulator.bulk import OBSERVED, POLLS, TRACKS, BulkPlan, BulkRace, horse_name
from horses_scrapy.simulator.bulk_items import board_item, card_item
from horses_scrapy.simulator.bulk_rows import BulkRecorded, record_bulk
from horses_scrapy.storage import schema, sqlite
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.writer import store_board, store_race

ROOT = Path(__file__).parents[2]
IDS = frozenset({"horse_id", "entry_id", "change_id", "grid_id", "created_at"})


def opened(home):
    return open_store(Settings(home=home, config_file=home / "x"), Clock(), create_as="sample")


@pytest.fixture
def stores(tmp_path):
    made = [opened(tmp_path / name) for name in ("bulk", "crawled")]
    yield made
    for store in made:
        store.close()


def as_crawled(store, plan):
    """Each bout's cards, then its boards in turns; the rules then look at all of it, at the time of each board."""
    with store.write() as connection:
        for bout in plan.bouts():
            for race in bout:
                store_race(connection, card_item(race), race.track, run_id=None, now_ms=race.card_at)
            for turn in zip(*(race.polls() for race in bout), strict=True):
                for race, poll in zip(bout, turn, strict=True):
                    store_board(connection, board_item(race, poll), race.track, run_id=None, now_ms=poll.at)
        connection.execute(update(schema.board).values(evaluated_at=schema.board.c.fetched_at))
        connection.execute(update(schema.change).values(evaluated_at=schema.change.c.at))


def dump(store):
    """Every row of every table; rows that others do not refer to without their ids, horses by name."""
    with store.read() as connection:
        horses = dict(connection.execute(select(schema.horse.c.horse_id, schema.horse.c.name)).all())
        return {
            table.name: sorted(map(repr, plain(connection, table, horses))) for table in schema.metadata.sorted_tables
        }


def plain(connection, table, horses):
    for row in connection.execute(select(table)).mappings():
        told = {name: value for name, value in row.items() if name not in IDS}
        yield told | ({"horse": horses[row["horse_id"]]} if "horse_id" in row else {})


@pytest.mark.parametrize(("races", "grids_every"), [(2, 3), pytest.param(TRACKS + 1, 0, marks=pytest.mark.slow)])
def test_rows_in_bulk_are_those_of_the_same_items(stores, races, grids_every):
    bulk, crawled = stores
    plan = BulkPlan(observed=races * OBSERVED, grids_every=grids_every)
    assert record_bulk(bulk, plan) == BulkRecorded(races, races * POLLS, races * OBSERVED)
    as_crawled(crawled, plan)
    rows, expected = dump(bulk), dump(crawled)
    for name, told in expected.items():
        assert rows[name] == told, name
    assert all(rows[name] for name in ("price_change", "pool_change", "latest_odds", "entry", "change"))
    assert len(rows["pair_grid"]) == (34 * races if grids_every else 0)
    with bulk.read() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_a_third_of_the_prices_move_and_the_pools_only_grow():
    moved = boards = 0
    for race in chain.from_iterable(BulkPlan(observed=20 * OBSERVED).bouts()):
        for before, after in pairwise(race.polls()):
            boards += 1
            moved += sum(one != other for one, other in zip(before.prices, after.prices, strict=True))
            assert after.at > before.at
            assert all(one <= other for one, other in zip(before.win, after.win, strict=True))
            assert before.exacta_total <= after.exacta_total
            assert after.win_total == sum(after.win)
            assert set(after.prices) <= set(LADDER)
    assert 0.28 < moved / boards / 10 < 0.38


def test_a_price_is_what_the_pool_pays_on_the_ladder():
    for poll in BulkRace(BulkPlan(observed=1), 3).polls():
        for price, amount in zip(poll.prices, poll.win, strict=True):
            exact = 840 * poll.win_total / amount
            rung = LADDER.index(price)
            assert price <= exact or rung == 0
            assert rung + 1 == len(LADDER) or LADDER[rung + 1] > exact


def test_the_races_of_a_bout_are_run_side_by_side_and_the_next_after_them():
    bouts = list(BulkPlan(observed=3 * TRACKS * OBSERVED).bouts())
    assert [len(bout) for bout in bouts] == [TRACKS] * 3
    for bout, following in pairwise(bouts):
        turns = [poll.at for turn in zip(*(race.polls() for race in bout), strict=True) for poll in turn]
        assert turns == sorted(turns)
        assert turns[-1] < following[0].opens
    assert {race.track.key for race in bouts[0]} == {track.key for track in BulkPlan(observed=1).tracks}


def test_each_number_is_another_horse():
    assert len({horse_name(number) for number in range(3000)}) == 3000


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("generate_test_data")


def run(script, home, *arguments):
    shipped = config.load(ROOT / "config" / "config.yaml", environ={})
    return script.generate(shipped.model_copy(update={"home": home}), script.parser().parse_args(arguments))


def test_the_script_fills_an_empty_database_once(tmp_path, script, capsys):
    path = tmp_path / "big.db"
    arguments = ("--path", str(path), "--observed", "1001", "--grids", "full", "--date", "2026-05-02", "--seed", "8")
    assert run(script, tmp_path, *arguments) == 0
    assert capsys.readouterr().out == f"{path}: 2 races, 200 boards, 2000 observed prices\n"
    shown = next(BulkRace(BulkPlan(observed=1001, seed=8, grids_every=1), 0).polls())
    with closing(sqlite.driver().connect(path)) as database:
        assert database.execute("SELECT min(race_date), count(*) FROM race").fetchone() == ("2026-05-02", 2)
        (payouts,) = database.execute("SELECT payouts FROM pair_grid ORDER BY grid_id LIMIT 1").fetchone()
        assert [cell for cell in json.loads(payouts) if cell is not None] == shown.payouts
    with pytest.raises(StoreError, match=r"big\.db: holds races already"):
        run(script, tmp_path, *arguments)
    with pytest.raises(ConfigError, match="--observed 0"):
        run(script, tmp_path, "--observed", "0")


def test_the_same_plan_is_the_same_market_and_another_seed_another():
    one, again, other = (BulkRace(BulkPlan(observed=1, seed=seed), 0) for seed in (7, 7, 8))
    assert list(one.polls()) == list(again.polls())
    assert one.runners == again.runners
    assert one.runners != other.runners
    assert [poll.prices for poll in one.polls()] != [poll.prices for poll in other.polls()]
