"""A board over a big sample on a race day: yesterday's cards are over, today's are stored, and the first races are open."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.request import urlopen

import yaml

from benchmarks import bare_app, samples
from benchmarks.frame import Context
from horses_scrapy.demo.home import PLACES, SHIPPED, free_ports
from horses_scrapy.errors import StoreError
from horses_scrapy.simulator.bulk import EVERY_MS, RACES, TRACKS, BulkPlan, BulkRace, Poll
from horses_scrapy.simulator.bulk_items import board_item, card_item
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.writer import store_board, store_race

SEEN = 40
"""Boards of each open race that are stored before anybody asks."""
RATE = 1.001
"""A clock with a rate of 1 cannot stand in another year."""
PATIENCE = 60.0
ANY_NUMBER = {"HORSES_API__REQUESTS_PER_SECOND": "10000", "HORSES_API__BURST": "100000"}
TRACK_KEYS = ("code", "name", "country", "timezone", "source", "source_key", "currency")

Boards = Iterator[tuple[BulkRace, Poll]]


@dataclass(frozen=True, slots=True)
class Sample:
    """A database of its own, the day that its clock shows, and the boards that are still to come."""

    file: Path
    plan: BulkPlan
    clock: str

    @property
    def open_races(self) -> range:
        return range(self.plan.races + 1, self.plan.races + TRACKS + 1)

    def boards(self) -> Boards:
        yield from islice(_boards(self.plan), SEEN * TRACKS, None)


@contextmanager
def running(context: Context, sample: Sample) -> Iterator[tuple[int, int]]:
    """Port and process id of scripts/serve.py over it."""
    home = context.folder / "home"
    _configure(home, sample.plan)
    port = free_ports()["board"]
    told = {name: value for name, value in os.environ.items() if not name.startswith(PLACES)}
    environ = told | ANY_NUMBER | {
        "HORSES_CONFIG": str(home / "config" / "config.yaml"),
        "HORSES_CLOCK": sample.clock,
        "DB_PATH": str(sample.file),
        "API_PORT": str(port),
        "LOG_DIR": "-",
    }  # fmt: skip
    with _process(
        ["scripts/serve.py"], environ, context.folder / "board.out", f"http://127.0.0.1:{port}/healthz"
    ) as pid:
        yield port, pid


@contextmanager
def neighbour(context: Context) -> Iterator[tuple[int, int]]:
    port = free_ports()["board"]
    environ = dict(os.environ) | {"PYTHONPATH": str(SHIPPED / "scripts")}
    address = f"http://127.0.0.1:{port}{bare_app.PATH}"
    with _process(["-m", bare_app.__name__, str(port)], environ, context.folder / "bare.out", address) as pid:
        yield port, pid


@contextmanager
def _process(arguments: Sequence[str], environ: Mapping[str, str], log: Path, address: str) -> Iterator[int]:
    with log.open("wb") as told:
        process = subprocess.Popen(  # noqa: S603 (our own interpreter and scripts)
            [sys.executable, *arguments], cwd=SHIPPED, env=environ, stdout=told, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, address, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not _answers(address):
        if process.poll() is not None or time.monotonic() > until:
            raise StoreError(f"{address} does not answer: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5):  # noqa: S310 - our own loopback address
            return True
    except OSError:
        return False


def _configure(home: Path, plan: BulkPlan) -> None:
    """The shipped configuration, watching the sample's tracks alone."""
    shutil.copytree(SHIPPED / "config", home / "config")
    file = home / "config" / "tracks.yaml"
    blocks = yaml.safe_load(file.read_text(encoding="utf-8"))
    tracks = {each.key: {"enabled": True} | {key: getattr(each, key) for key in TRACK_KEYS} for each in plan.tracks}
    sources = {"demo": blocks["sources"]["demo"]}
    file.write_text(yaml.safe_dump(blocks | {"sources": sources, "tracks": tracks}), encoding="utf-8")


def prepared(context: Context, observed: int) -> Sample:
    """`observed` prices of days that are over, and then today: each card stored, the first races seen SEEN times."""
    plan = BulkPlan(observed=observed)
    file = context.folder / "board.db"
    shutil.copy(samples.ours(context, plan), file)
    with closing(samples.opened(file)) as store:
        for number in range(plan.races, plan.races + TRACKS * RACES):
            _store_card(store, BulkRace(plan, number))
        for race, poll in islice(_boards(plan), SEEN * TRACKS):
            store_one(store, race, poll)
    shows = (BulkRace(plan, plan.races).opens + SEEN * EVERY_MS) / 1000
    epoch = (RATE * time.time() - shows) / (RATE - 1)
    return Sample(file, plan, f"{epoch:.0f}@{RATE}")


def _boards(plan: BulkPlan) -> Boards:
    races = [BulkRace(plan, plan.races + lane) for lane in range(TRACKS)]
    for turn in zip(*(race.polls() for race in races), strict=True):
        yield from zip(races, turn, strict=True)


def _store_card(store: Store, race: BulkRace) -> None:
    with store.write() as connection:
        store_race(connection, card_item(race), race.track, run_id=None, now_ms=race.card_at)


def store_one(store: Store, race: BulkRace, poll: Poll) -> None:
    with store.write() as connection:
        store_board(connection, board_item(race, poll), race.track, run_id=None, now_ms=poll.at)
