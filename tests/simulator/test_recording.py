"""The card in a database of its own: what the ledger says is what the database answers."""

import datetime as dt
import importlib
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from horses_scrapy import clock, config
from horses_scrapy.clock import Clock
from horses_scrapy.errors import ConfigError
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.recording import instants, record
from horses_scrapy.storage import queries
from horses_scrapy.storage.engine import open_store

ROOT = Path(__file__).parents[2]
WAIT = 120


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    shipped = config.load(ROOT / "config" / "config.yaml", environ={})
    return shipped.model_copy(update={"home": tmp_path_factory.mktemp("sample")})


@pytest.fixture(scope="module")
def store(settings):
    opened = open_store(settings, Clock(), create_as="sample")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def recorded(store, ledger, settings):
    return record(store, ledger, settings.tracks["demo"], every=60)


@pytest.fixture
def races(store, ledger, recorded):
    with store.read() as connection:
        rows = queries.races_of_day(connection, "demo", 0, clock.to_ms(ledger.ends))
    return {row.race_number: row.race_id for row in rows}


def boards_of(store, race_id):
    with store.read() as connection:
        return [queries.board_view(connection, board_id) for board_id in queries.board_ids(connection, race_id, 1)]


def test_every_board_has_the_ledgers_prices_pools_and_pairs(store, ledger, recorded, races):
    seen = 0
    for number, race_id in races.items():
        for board in boards_of(store, race_id):
            seen += 1
            truth = ledger.board_at(number, clock.from_ms(board.fetched_at))
            if truth is None:
                assert {shown.price for shown in board.prices.values()} == {None}
                continue
            assert board.source_time == clock.to_ms(truth.at)
            for label in ledger.race(number).race.labels:
                shown, quote = board.prices["win_tote", label], truth.quote(label)
                assert (shown.price, shown.status) == (quote.price, quote.status)
            assert board.pools["win"].total == sum(truth.pools.win.values())
            if truth.number:
                grid = board.grids["exacta"]
                assert grid.base == 200
                assert grid.payouts == {pair: truth.probable(pair) for pair in truth.pools.exacta}
    assert seen == recorded.boards > 60


def test_all_races_end_official_with_their_final_odds(store, ledger, recorded, races):
    with store.read() as connection:
        assert queries.finished_races(connection, "demo", "2026-05-02", "demo") == frozenset({1, 2, 3})
    for number, race_id in races.items():
        last = boards_of(store, race_id)[-1]
        assert last.status == "official"
        assert last.source_time == clock.to_ms(ledger.final(number).at)


def test_again_changes_nothing(store, ledger, settings, recorded):
    assert record(store, ledger, settings.tracks["demo"], every=60).boards == 0


def test_the_last_look_is_after_the_last_result(ledger):
    looks = list(instants(ledger, 60))
    assert looks[0] == ledger.plan.start
    assert looks[-2] < ledger.ends <= looks[-1]


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("generate_test_data")


def run(script, settings, *arguments):
    return script.generate(settings, script.parser().parse_args(arguments))


def reopened(settings, path):
    system = settings.system.model_copy(update={"database_path": path})
    return open_store(settings.model_copy(update={"system": system}), Clock())


def test_the_script_writes_the_same_market(tmp_path, settings, script, capsys):
    path = tmp_path / "sample.db"
    arguments = ("--path", str(path), "--seed", "3", "--races", "1", "--date", "2026-05-02", "--every", "120")
    assert [run(script, settings, *arguments) for _ in range(2)] == [0, 0]
    assert [line.partition(": ")[2] for line in capsys.readouterr().out.splitlines()] == [
        "1 races, 14 new boards of 2026-05-02",
        "1 races, 0 new boards of 2026-05-02",
    ]
    store = reopened(settings, path)
    with store.read() as connection:
        (row,) = queries.races_of_day(connection, "demo", 0, 2**41)
        last = queries.board_view(connection, queries.board_ids(connection, row.race_id, 1)[-1])
    assert store.purpose == "sample"
    store.close()
    start = dt.datetime(2026, 5, 2, 12, 30, tzinfo=ZoneInfo("America/New_York"))
    truth = Ledger(Plan(seed=3, start=start, races=1, first_post=1200, spacing=1800)).final(1)
    assert {label: shown.price for (_, label), shown in last.prices.items()} == {
        label: truth.quote(label).price for label in truth.race.labels
    }


def test_without_arguments_a_card_of_today_stands_beside_the_live_database(settings, script, tmp_path):
    assert run(script, settings.model_copy(update={"home": tmp_path}), "--races", "1", "--every", "600") == 0
    assert (tmp_path / "data" / "sample.db").stat().st_size > 0
    assert not (tmp_path / "data" / "horses.db").exists()


def test_the_script_leaves_a_live_database_alone(tmp_path, settings, script):
    path = tmp_path / "live.db"
    reopened(settings, path).close()
    with pytest.raises(ConfigError, match="a live database"):
        run(script, settings, "--path", str(path))


@pytest.mark.parametrize(("arguments", "named"), [(("--every", "0"), "--every 0"), (("--races", "40"), "races 40")])
def test_the_script_names_what_it_cannot_do(tmp_path, settings, script, arguments, named):
    path = tmp_path / "absent.db"
    with pytest.raises(ConfigError, match=named):
        run(script, settings, "--path", str(path), *arguments)
    assert not path.exists()


def test_the_script_as_a_command(tmp_path):
    command = [sys.executable, ROOT / "scripts" / "generate_test_data.py", "--date", "tomorrow"]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=WAIT, check=False)
    assert refused.returncode == 2
    assert "tomorrow: a date such as 2026-05-02 is expected" in refused.stderr
