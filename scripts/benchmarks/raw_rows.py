"""The neighbours of the pipelines: the same boards as rows, written by the database module alone."""

import datetime as dt
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.seed import INSERT_EXACTA, INSERT_ODDS, SCHEMA
from horses_scrapy.items import OddsItem
from horses_scrapy.storage import sqlite

Statement = tuple[str, list[tuple[Any, ...]]]
"""For executemany."""

LATEST = """INSERT INTO latest_odds (interest_id, source_id, market, price, status, changed_at, seen_at)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (interest_id, source_id, market) DO UPDATE SET price = excluded.price,
status = excluded.status, changed_at = excluded.changed_at, seen_at = excluded.seen_at"""
SEEN = """UPDATE latest_odds SET seen_at = ? WHERE source_id = ? AND interest_id IN
(SELECT interest_id FROM betting_interest WHERE race_id = ?)"""
BY_BOARD = ("board", "price_change", "pool_change", "pair_grid")
"""Tables that take rows of a board."""


# --- The seed's tables -------------------------------------------------------------------------------------------------


def make_seed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)


def seed_rows(board: OddsItem) -> list[Statement]:
    return [(INSERT_ODDS, list(seed_prices(board))), (INSERT_EXACTA, list(_seed_pairs(board)))]


def seed_prices(board: OddsItem) -> Iterator[tuple[Any, ...]]:
    amounts = {pool.label: pool.amount for pool in board.pools if pool.bet_type == "win"}
    before = (board.race_number - 1) * len(board.prices)
    for price in board.prices:
        assert price.price is not None
        decimal = price.price / 1000
        yield (
            board.race_number, before + int(price.label), _text(board.fetched_at), decimal - 1, decimal,
            amounts.get(price.label), amounts.get(None),
        )  # fmt: skip


def _seed_pairs(board: OddsItem) -> Iterator[tuple[Any, ...]]:
    total = next((pool.amount for pool in board.pools if pool.bet_type == "exacta"), None)
    for grid in board.grids:
        for cell in grid.prices:
            yield board.race_number, _text(grid.fetched_at), cell.first, cell.second, cell.payout / 100, total


def _text(instant: dt.datetime) -> str:
    """As sqlite3 writes a datetime without a zone."""
    return instant.replace(tzinfo=None).isoformat(" ")


def as_the_seed_writes(path: Path, board: OddsItem) -> None:
    """Its DatabaseManager.execute_insert: a connection for each statement, each statement its own commit."""
    for row in seed_prices(board):
        connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute(INSERT_ODDS, row)
        finally:
            connection.close()


# --- Our own tables ----------------------------------------------------------------------------------------------------


def copy(path: Path, to: Path) -> None:
    with closing(sqlite.driver().connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(to),))


def stored_rows(path: Path) -> list[list[Statement]]:
    """What a board's transaction wrote, board by board in the order of their ids."""
    with closing(sqlite.driver().connect(path)) as connection:
        tables = {name: _by_board(connection, name) for name in BY_BOARD}
    return [list(_statements(board_id, tables)) for board_id in sorted(tables["board"])]


def _by_board(connection: Any, table: str) -> dict[int, list[Mapping[str, Any]]]:
    cursor = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 (a name of ours)
    names = [column[0] for column in cursor.description]
    found = defaultdict(list)
    for row in cursor:
        told = MappingProxyType(dict(zip(names, row, strict=True)))
        found[told["board_id"]].append(told)
    return found


def _statements(board_id: int, tables: Mapping[str, Mapping[int, Sequence[Mapping[str, Any]]]]) -> Iterator[Statement]:
    (board,) = tables["board"][board_id]
    for name in BY_BOARD:
        rows = tables[name].get(board_id, [])
        if rows:
            yield _insert(name, rows)
    moved = tables["price_change"].get(board_id, [])
    yield LATEST, [_latest(board, row) for row in moved]
    yield SEEN, [(board["fetched_at"], board["source_id"], board["race_id"])]


def _insert(table: str, rows: Sequence[Mapping[str, Any]]) -> Statement:
    names = tuple(rows[0])
    text = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 (names of ours)
    return text, [tuple(row.values()) for row in rows]


def _latest(board: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[Any, ...]:
    at = board["fetched_at"]
    return row["interest_id"], board["source_id"], row["market"], row["price"], row["status"], at, at


# --- executemany -------------------------------------------------------------------------------------------------------


class Raw:
    """One connection of the module that the store uses, WAL, synchronous=FULL, foreign keys as `checked` says."""

    def __init__(self, path: Path, *, checked: bool) -> None:
        self._connection = sqlite.driver().connect(path, isolation_level=None)
        pragmas = ("journal_mode=WAL", "synchronous=FULL", f"foreign_keys={int(checked)}", "cache_size=-65536")
        for pragma in pragmas:
            self._connection.execute(f"PRAGMA {pragma}").close()

    def write(self, statements: Iterable[Statement]) -> None:
        """One transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        for text, rows in statements:
            self._connection.executemany(text, rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()
