"""Row `writers`: eight processes that do nothing but write: commits a second, the longest wait, and how fairly they share.

Each transaction is one small board through Store.write(): its row and 19 prices. The neighbour has the same rows, lock and
durability without this project around them: flock, BEGIN IMMEDIATE, two statements, COMMIT.
"""

import fcntl
import multiprocessing
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TypeVar

from sqlalchemy import insert

from benchmarks import samples
from benchmarks.frame import Context, Figure, Goal, percentile
from horses_scrapy.errors import StoreBusy
from horses_scrapy.items import Source
from horses_scrapy.simulator.bulk import BulkPlan
from horses_scrapy.storage import identity, schema, sqlite

NAME = "writers"

T = TypeVar("T")

PROCESSES = 8
INTERESTS = 19
WARM = 5
START = 1_777_000_000_000


@dataclass(frozen=True, slots=True)
class Wrote:
    """What one process did: seconds of each transaction from asking for the turn to the commit, and turns that never came."""

    taken: list[float]
    locked: int


def run(context: Context) -> list[Figure]:
    seconds = 5.0 if context.quick else 30.0
    if context.quick:
        context.leave_out(f"30 s: {seconds:.0f} s here")
    prepare(context.folder / "ours.db")
    prepare(context.folder / "bare.db")
    bare_seconds = seconds / 3
    bare = saturate(PROCESSES, write_bare, context.folder / "bare.db", bare_seconds)
    wrote = saturate(PROCESSES, write_board, context.folder / "ours.db", seconds)
    return figures(wrote, seconds, sum(len(one.taken) for one in bare) / bare_seconds)


def figures(wrote: Sequence[Wrote], seconds: float, bare: float) -> list[Figure]:
    shares = [len(one.taken) for one in wrote]
    taken = [each for one in wrote for each in one.taken]
    rate = sum(shares) / seconds
    commits = Figure(
        name="durable commits",
        value=rate,
        unit="per s",
        against="bare sqlite3",
        against_value=bare,
        ratio=rate / bare,
        goal=Goal(">", 500),
    )
    return [
        commits,
        Figure(name="longest wait", value=max(taken), unit="s", goal=Goal("<", 1)),
        Figure(name="wait p99", value=percentile(taken, 0.99), unit="s"),
        Figure(name="share slowest / fastest", value=min(shares) / max(shares), unit="", goal=Goal(">", 0.8)),
        Figure(name="locked out", value=sum(one.locked for one in wrote), unit="times", goal=Goal("<=", 0)),
    ]


def prepare(file: Path) -> None:
    """A race for each process, with an id of its own: 1, 2 .."""
    store = samples.opened(file)
    track = BulkPlan(observed=1).tracks[0]
    try:
        with store.write() as connection:
            identity.source_id(connection, Source("bench", "board", "display"))
            track_id = identity.track_id(connection, track, START)
            for number in range(1, PROCESSES + 1):
                day = {"track_id": track_id, "race_date": "2026-05-02", "race_number": number}
                race_id = identity.inserted(connection, schema.race, **day, created_at=START, updated_at=START)
                identity.interest_ids(connection, race_id, map(str, range(INTERESTS)))
    finally:
        store.close()


def saturate(processes: int, work: Callable[[T, int, float, Barrier], Wrote], where: T, seconds: float) -> list[Wrote]:
    """work(where, its number from 1, seconds, start) in so many processes: all begin when the last one is ready."""
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload([__name__])
    with forked.Manager() as manager:
        start = manager.Barrier(processes)
        with forked.Pool(processes) as pool:
            waiting = [pool.apply_async(work, (where, number, seconds, start)) for number in range(1, processes + 1)]
            return [one.get() for one in waiting]


def write_board(file: Path, race_id: int, seconds: float, start: Barrier) -> Wrote:
    """Runs in a process of its own."""
    store = samples.opened(file)

    def one(number: int) -> None:
        with store.write() as connection:
            board = {"race_id": race_id, "source_id": 1, "fetched_at": START + number, "status": "open"}
            (board_id,) = connection.execute(_BOARD, board).inserted_primary_key
            rows = [
                {"interest_id": each, "market": "win_tote", "board_id": board_id, "price": price, "status": "active"}
                for each, price in prices(race_id, number)
            ]
            connection.execute(_PRICES, rows)

    try:
        return until_over(one, seconds, start)
    finally:
        store.close()


def write_bare(file: Path, race_id: int, seconds: float, start: Barrier) -> Wrote:
    with (
        file.with_suffix(".lock").open("w", encoding="ascii") as lock,
        closing(sqlite.driver().connect(file, isolation_level=None)) as database,
    ):
        for pragma in (*sqlite.EVERY, *sqlite.WRITER):
            database.execute(pragma).close()

        def one(number: int) -> None:
            fcntl.flock(lock, fcntl.LOCK_EX)
            database.execute("BEGIN IMMEDIATE")
            board_id = database.execute(BARE_BOARD, (race_id, START + number)).lastrowid
            database.executemany(BARE_PRICES, [(each, board_id, price) for each, price in prices(race_id, number)])
            database.execute("COMMIT")
            fcntl.flock(lock, fcntl.LOCK_UN)

        return until_over(one, seconds, start)


def prices(race_id: int, number: int) -> list[tuple[int, int]]:
    """Interest and price: prepare() numbered the interests race by race."""
    first = (race_id - 1) * INTERESTS + 1
    return [(interest, 2000 + number % 90_000) for interest in range(first, first + INTERESTS)]


def until_over(one: Callable[[int], None], seconds: float, start: Barrier) -> Wrote:
    """one(0), one(1) ..: the first few before the start, because a process builds its statements once."""
    numbers = count()
    for number in islice(numbers, WARM):
        one(number)
    taken: list[float] = []
    locked = 0
    start.wait()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            one(next(numbers))
        except StoreBusy:
            locked += 1
        taken.append(time.monotonic() - began)
    return Wrote(taken, locked)


_BOARD = insert(schema.board)
_PRICES = insert(schema.price_change)
BARE_BOARD = "INSERT INTO board (race_id, source_id, fetched_at, status) VALUES (?, 1, ?, 1)"
BARE_PRICES = "INSERT INTO price_change (interest_id, market, board_id, price, status) VALUES (?, 0, ?, ?, 0)"
