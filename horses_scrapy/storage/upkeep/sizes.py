"""Rows and bytes of each table and index, and how much the boards of a day take."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select, text

from horses_scrapy.errors import StoreError
from horses_scrapy.storage.database import Dialect
from horses_scrapy.storage.schema import board, metadata, race
from horses_scrapy.storage.upkeep import dbstat

HISTORY = frozenset({"board", "price_change", "pool_change", "pair_grid", "will_pay"})
"""Tables that grow with the boards."""
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Size:
    """rows: of a table, None for an index. bytes: None where this database cannot tell."""

    name: str
    table: str
    rows: int | None
    bytes: int | None


def sizes(connection: Connection, dialect: Dialect, path: Path | None) -> list[Size]:
    """Tables, each before its indexes."""
    bytes_of = _of_file(path) if path is not None else _of_server(connection)
    owner = _indexes_of_file(connection) if dialect == "sqlite" else _indexes_of_server(connection)
    found = []
    for table in metadata.sorted_tables:
        rows = connection.scalar(select(func.count()).select_from(table))
        found.append(Size(table.name, table.name, rows, _bytes(bytes_of, table.name)))
        own = sorted(name for name, of in owner.items() if of == table.name)
        found += [Size(name, table.name, None, _bytes(bytes_of, name)) for name in own]
    return found


def _bytes(bytes_of: Mapping[str, int] | None, name: str) -> int | None:
    return None if bytes_of is None else bytes_of.get(name, 0)


def _of_file(path: Path) -> dict[str, int] | None:
    """None where no SQLite here has the dbstat table."""
    asked = subprocess.run(  # noqa: S603 - this Python, a file of ours
        [sys.executable, dbstat.__file__, str(path)], capture_output=True, text=True, check=False
    )
    if asked.returncode == dbstat.ABSENT:
        return None
    if asked.returncode:
        raise StoreError(f"{path}: its pages cannot be counted: {asked.stderr.strip().splitlines()[-1]}")
    found: dict[str, int] = json.loads(asked.stdout)
    return found


def _indexes_of_file(connection: Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql(
        "SELECT i.name, i.tbl_name FROM sqlite_schema AS i JOIN sqlite_schema AS t ON t.name = i.tbl_name"
        # The primary key of a table without rowid is the table itself.
        " WHERE i.type = 'index' AND NOT (i.sql IS NULL AND t.sql LIKE '%WITHOUT ROWID%'"
        " AND (SELECT l.origin FROM pragma_index_list(i.tbl_name) AS l WHERE l.name = i.name) = 'pk')"
    )
    return {row.name: row.tbl_name for row in rows}


def _of_server(connection: Connection) -> dict[str, int]:
    rows = connection.execute(
        text(
            "SELECT c.relname, CASE c.relkind WHEN 'i' THEN pg_relation_size(c.oid) ELSE pg_table_size(c.oid) END AS bytes"
            " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'i')"
        )
    )
    return {row.relname: row.bytes for row in rows}


def _indexes_of_server(connection: Connection) -> dict[str, str]:
    rows = connection.execute(text("SELECT indexname, tablename FROM pg_indexes WHERE schemaname = current_schema()"))
    return {row.indexname: row.tablename for row in rows}


def boards_by_day(connection: Connection, since_ms: int, since_date: str) -> dict[int, int]:
    """Day since 1970 UTC -> boards. since_date: of the races that are looked at, a day earlier or more."""
    day = board.c.fetched_at // DAY_MS
    rows = connection.execute(
        select(day.label("day"), func.count().label("boards"))
        .join(race, race.c.race_id == board.c.race_id)
        .where(race.c.race_date >= since_date, board.c.fetched_at >= since_ms)
        .group_by(day)
        .order_by(day)
    )
    return {int(row.day): int(row.boards) for row in rows}
