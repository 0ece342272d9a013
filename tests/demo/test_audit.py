"""The audit finds every kind of difference between the database and the tote's ledger, and nothing where there is none."""

import datetime as dt
from pathlib import Path

import pytest

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.demo import audit
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.recording import record
from horses_scrapy.storage.engine import open_store

ROOT = Path(__file__).parents[2]
START = dt.datetime(2026, 5, 2, 16, 30, tzinfo=dt.UTC)
LAST_BOARD = "(SELECT board_id FROM board ORDER BY fetched_at DESC LIMIT 1)"

TAMPERED = {
    "a price": ("UPDATE price_change SET price = price + 1000 WHERE price IS NOT NULL", "interest"),
    "a scratch": ("UPDATE price_change SET status = 0 WHERE status = 2", "interest"),
    "a pool": ("UPDATE pool_change SET amounts = '[9' || substr(amounts, 2)", "pool"),
    "a pair": ("UPDATE pair_grid SET payouts = replace(payouts, 'null,', 'null,9')", "exacta grid"),
    "a base bet": ("UPDATE pair_grid SET base = 100", "exacta grid"),
    "a source time": ("UPDATE board SET source_time = source_time + 1000", "the tote's board is of"),
}


@pytest.fixture
def ledger():
    return Ledger(Plan(seed=7, start=START, races=1))


@pytest.fixture
def store(tmp_path, ledger):
    settings = config.load(ROOT / "config/config.yaml", environ={"DB_PATH": str(tmp_path / "h.db")})
    opened = open_store(settings, Clock(), create_as="sample")
    record(opened, ledger, settings.tracks["demo"], 60)
    yield opened
    opened.close()


def test_what_was_recorded_has_no_difference_and_all_finals(store, ledger):
    with store.read() as connection:
        assert audit.differences(connection, ledger) == []
        assert audit.finals(connection, ledger) == 1


def test_a_race_that_was_called_off_is_final_once_its_board_says_so(tmp_path):
    ledger = Ledger(Plan(seed=7, start=START, races=2, cancelled=2))
    settings = config.load(ROOT / "config/config.yaml", environ={"DB_PATH": str(tmp_path / "h.db")})
    store = open_store(settings, Clock(), create_as="sample")
    record(store, ledger, settings.tracks["demo"], 60)
    with store.write() as connection:
        assert audit.differences(connection, ledger) == []
        assert audit.finals(connection, ledger) == 2
        connection.exec_driver_sql("UPDATE board SET status = 1 WHERE status = 5")
        assert audit.finals(connection, ledger) == 1
    store.close()


@pytest.mark.parametrize("case", TAMPERED)
def test_one_changed_value_is_found(store, ledger, case):
    statement, says = TAMPERED[case]
    with store.write() as connection:
        connection.exec_driver_sql(statement)
    with store.read() as connection:
        assert any(says in line for line in audit.differences(connection, ledger))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE result SET position = 9 WHERE position = 1",
        "UPDATE payoff SET payout = payout + 20",
        f"UPDATE board SET source_time = source_time - 600000 WHERE board_id = {LAST_BOARD}",
    ],
)
def test_a_final_that_is_not_the_totes_does_not_count(store, ledger, statement):
    with store.write() as connection:
        connection.exec_driver_sql(statement)
    with store.read() as connection:
        assert audit.finals(connection, ledger) == 0
