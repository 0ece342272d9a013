"""Row 8: SQLite against PostgreSQL, the same code on both, both durable: boards stored, newest prices read, bytes."""

import statistics
import time
from collections.abc import Mapping
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sqlalchemy import Connection, func, select

from benchmarks import samples, server
from benchmarks.frame import Context, Figure, percentile
from benchmarks.server import Server
from benchmarks.writers import Wrote, saturate, until_over
from horses_scrapy.simulator.bulk import EVERY_MS, OBSERVED, BulkPlan, BulkRace
from horses_scrapy.simulator.bulk_items import board_item, card_item
from horses_scrapy.simulator.bulk_rows import record_bulk
from horses_scrapy.storage import queries, schema
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.writer import store_board, store_race

NAME = "databases"

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
PROCESSES = (1, 4)
ASKED = 500

Urls = Mapping[str, str]


def run(context: Context) -> list[Figure]:
    seconds, rounds, races = (1.0, 1, 20) if context.quick else (6.0, 2, 200)
    with server.running() as found:
        if found is None:
            context.leave_out("everything: there is no PostgreSQL server (install the package postgresql)")
            return []
        figures = [
            stored(places(context.folder, found, f"boards_{count}"), count, seconds, rounds) for count in PROCESSES
        ]
        filled = places(context.folder, found, "filled")
        empty = bytes_of(filled)
        for url in filled.values():
            fill(url, BulkPlan(observed=races * OBSERVED))
        return [*figures, read(filled, races), bytes_taken(empty, bytes_of(filled), races * OBSERVED)]


def places(folder: Path, found: Server, name: str) -> Urls:
    """A new database of each kind."""
    urls = {SQLITE: f"sqlite:///{folder / name}.db", POSTGRESQL: found.database(name)}
    samples.opened_at(urls[SQLITE]).close()
    return urls


def fill(url: str, plan: BulkPlan) -> None:
    store = samples.opened_at(url)
    try:
        record_bulk(store, plan)
    finally:
        store.close()


def figure(name: str, unit: str, found: Mapping[str, float], *, more_is_better: bool) -> Figure:
    ours, other = found[SQLITE], found[POSTGRESQL]
    ratio = ours / other if more_is_better else other / ours
    return Figure(name=name, value=ours, unit=unit, against=POSTGRESQL, against_value=other, ratio=ratio)


def stored(urls: Urls, processes: int, seconds: float, rounds: int) -> Figure:
    """Both in turns; each process has races of its own."""
    rates: dict[str, list[float]] = {kind: [] for kind in urls}
    for number in range(rounds):
        for kind, url in urls.items():
            wrote = saturate(processes, store_boards, (url, number), seconds)
            rates[kind].append(sum(len(one.taken) for one in wrote) / seconds)
    found = {kind: statistics.mean(each) for kind, each in rates.items()}
    name = f"boards stored by {processes} process{'es' if processes > 1 else ''}"
    return figure(name, "boards/s", found, more_is_better=True)


def store_boards(where: tuple[str, int], number: int, seconds: float, start: Barrier) -> Wrote:
    """Runs in a process of its own: the boards of one race after the other, none of them seen before."""
    url, turn = where
    store = samples.opened_at(url)
    plan = BulkPlan(observed=1)
    races = (BulkRace(plan, 1000 * turn + number + PROCESSES[-1] * each) for each in range(1000))
    boards = ((race, poll) for race in races for poll in race.polls())

    def one(_number: int) -> None:
        race, poll = next(boards)
        with store.write() as connection:
            if poll.at < race.opens + EVERY_MS:  # the first one
                store_race(connection, card_item(race), race.track, run_id=None, now_ms=race.card_at)
            store_board(connection, board_item(race, poll), race.track, run_id=None, now_ms=poll.at)

    try:
        return until_over(one, seconds, start)
    finally:
        store.close()


def read(urls: Urls, races: int) -> Figure:
    """Microseconds of queries.latest_odds with its connection, p50."""
    stores = {kind: samples.opened_at(url) for kind, url in urls.items()}
    taken: dict[str, list[float]] = {kind: [] for kind in urls}
    try:
        for number in range(ASKED):
            for kind, store in stores.items():
                taken[kind].append(_once(store, number % races + 1))
    finally:
        for store in stores.values():
            store.close()
    found = {kind: percentile(each, 0.5) * 1e6 for kind, each in taken.items()}
    return figure("latest_odds with its connection, p50", "us", found, more_is_better=False)


def _once(store: Store, race_id: int) -> float:
    began = time.perf_counter()
    with store.read() as connection:
        queries.latest_odds(connection, race_id)
    return time.perf_counter() - began


def bytes_taken(empty: Mapping[str, int], filled: Mapping[str, int], observed: int) -> Figure:
    found = {kind: (filled[kind] - empty[kind]) / observed for kind in filled}
    return figure("bytes, no pair prices", "B/price", found, more_is_better=False)


def bytes_of(urls: Urls) -> dict[str, int]:
    """Of tables with their indexes."""
    file = Path(urls[SQLITE].removeprefix("sqlite:///"))
    return {SQLITE: sum(samples.table_bytes(file).values()), POSTGRESQL: _relation_bytes(urls[POSTGRESQL])}


def _relation_bytes(url: str) -> int:
    store = samples.opened_at(url)
    try:
        with store.read() as connection:
            return sum(_one_relation(connection, table.name) for table in schema.metadata.sorted_tables)
    finally:
        store.close()


def _one_relation(connection: Connection, name: str) -> int:
    return connection.scalar(select(func.pg_total_relation_size(name))) or 0
