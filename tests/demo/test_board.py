"""`scripts/demo --board` as a person runs it; and its proof that the board shows what is stored finds what it does not."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.demo import live_board
from horses_scrapy.demo.home import make_home
from horses_scrapy.demo.processes import Processes
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.recording import record
from horses_scrapy.storage.engine import open_store

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "horses_scrapy.demo", "--board", "--races", "1", "--rate", "20"]
CLOSED = "The board is closed; nothing runs any more."


def clean():
    """Another installation's key and port must not reach the demo: it would ask for that key."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("HORSES_", "EMAIL_", "DB_"))}
    return mine | {"API_KEY": "not-for-the-demo-000000", "API_PORT": "1"}


def until(find, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = find()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {find()}")


class Played:
    """The demo, its output in a file, and what it left."""

    def __init__(self, folder):
        self.kept = folder / "kept"
        self.out = folder / "out"
        with self.out.open("wb") as told:
            self.process = subprocess.Popen(
                [*COMMAND, "--keep", str(self.kept)], cwd=ROOT, env=clean(), stdout=told, stderr=subprocess.STDOUT
            )

    def said(self, start):
        assert self.process.poll() is None, self.out.read_text()
        return [line for line in self.out.read_text().splitlines() if line.startswith(start)]

    def address(self):
        return until(lambda: self.said("Board: "), 30)[-1].split()[1]

    def races(self):
        return requests.get(f"{self.address()}api/v1/races", timeout=5).json()["races"]

    def interrupted(self):
        """As an impatient person does it. The exit code, and which processes are left of it."""
        self.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        return code, [told for told in map(environment, Path("/proc").glob("[0-9]*")) if str(self.kept) in told]


def environment(process):
    try:
        return (process / "environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


@pytest.fixture
def played(tmp_path):
    made = Played(tmp_path)
    yield made
    if made.process.poll() is None:
        made.process.send_signal(signal.SIGTERM)
        made.process.wait(60)


def test_the_board_is_there_early_and_ctrl_c_ends_all_of_it(played):
    assert requests.get(f"{played.address()}healthz", timeout=5).ok
    assert until(played.races, 30)[0]["track"]["name"] == "Synthetic Downs"
    assert requests.get(played.address(), timeout=5).status_code == 200
    assert played.interrupted() == (0, [])
    assert played.out.read_text().splitlines()[-1] == CLOSED


@pytest.mark.slow
def test_the_next_card_follows_at_the_same_address(played):
    """Its first race has the number, and the id, of the last card's: a page that is open goes on."""
    first = until(played.races, 30)[0]
    address = played.address()
    until(lambda: played.races()[0]["status"] == "official", 120)
    until(lambda: played.said("DEMO OK"), 60)
    assert until(lambda: len(played.said("Board: ")) == 2, 60)
    assert played.address() == address
    second = until(played.races, 30)[0]
    assert second["race_id"] == first["race_id"]
    assert second["status"] in {"scheduled", "open"}
    assert played.interrupted() == (0, [])


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A board over a card that is over, and the database's file."""
    home = make_home(tmp_path_factory.mktemp("board") / "home", 2, "UTC")
    settings = config.load(environ=home.environment)
    start = (datetime.now(UTC) - timedelta(hours=2)).replace(microsecond=0)
    with closing(open_store(settings, Clock(), create_as="demo")) as store:
        record(
            store, Ledger(Plan(seed=7, start=start, races=2, cancelled=2, timezone="UTC")), settings.tracks["demo"], 60
        )
    with Processes(home) as processes:
        live_board.start(processes)
        until(lambda: live_board.answers(home), 30)
        yield home, settings.database_path


def found(shown, tmp_path, statement=None):
    """How the board differs from its own database, or from one in which something else is stored."""
    home, path = shown
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    with closing(open_store(config.load(environ=home.environment | {"DB_PATH": str(copy)}), Clock())) as store:
        if statement is not None:
            with store.write() as connection:
                connection.exec_driver_sql(statement)
        with store.read() as connection:
            return list(live_board.differences(home, connection))


def test_a_board_that_shows_what_is_stored_differs_in_nothing(shown, tmp_path):
    assert found(shown, tmp_path) == []


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE latest_odds SET price = price + 1000 WHERE price IS NOT NULL", "race 1 interest"),
        ("UPDATE latest_odds SET status = 2, price = NULL", "race 1 interest"),
        ("UPDATE race SET post_time = post_time + 60000", "race 1 is"),
        ("UPDATE race SET status = 'open' WHERE race_number = 2", "race 2 is"),
        ("UPDATE race SET race_number = 9 WHERE race_number = 2", "board: races [1, 2], stored [1, 9]"),
    ],
)
def test_whatever_else_is_stored_is_a_difference(shown, tmp_path, statement, says):
    assert says in "; ".join(found(shown, tmp_path, statement))


def test_a_board_that_does_not_answer_is_one(shown):
    home, _ = shown
    gone = type(home)(home.path, home.clock, home.ports | {"board": 1}, home.password)
    with closing(open_store(config.load(environ=home.environment), Clock())) as store, store.read() as connection:
        assert "ConnectionError" in next(live_board.differences(gone, connection))
