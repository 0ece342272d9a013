"""Reference data: a table becomes what a sheet says, and only what differs is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from horses_scrapy.storage.schema import bookmaker, pool_terms, track_reference

TABLES: Mapping[str, Table] = {"tracks": track_reference, "bookmakers": bookmaker, "pool_terms": pool_terms}
"""By the name of the sheet."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Replaced:
    """`lines`: each row that was added to those there were, or removed, and each field that changed."""

    added: int
    changed: int
    removed: int
    lines: tuple[str, ...]


def replace(connection: Connection, name: str, rows: Sequence[Row]) -> Replaced:
    """Make the table of that sheet hold these rows."""
    table = TABLES[name]
    stored = _by_key(table, [dict(row) for row in connection.execute(select(table)).mappings()])
    wanted = _by_key(table, rows)
    added = [key for key in wanted if key not in stored]
    removed = [key for key in stored if key not in wanted]
    changed = [key for key in wanted if key in stored and stored[key] != wanted[key]]
    for key in removed:
        connection.execute(delete(table).where(*_same(table, key)))
    for key in changed:
        connection.execute(update(table).where(*_same(table, key)).values(wanted[key]))
    if added:
        connection.execute(insert(table), [wanted[key] for key in added])
    return Replaced(
        len(added),
        len(changed),
        len(removed),
        (
            *(f"{name} {_shown(key)}: added" for key in added if stored),
            *(line for key in changed for line in _moved(name, key, stored[key], wanted[key])),
            *(f"{name} {_shown(key)}: removed" for key in removed),
        ),
    )


def _by_key(table: Table, rows: Sequence[Row]) -> dict[tuple[Any, ...], Row]:
    return {tuple(row[column.name] for column in table.primary_key.columns): row for row in rows}


def _same(table: Table, key: tuple[Any, ...]) -> list[Any]:
    return [column == value for column, value in zip(table.primary_key.columns, key, strict=True)]


def _shown(key: tuple[Any, ...]) -> str:
    return " ".join(map(str, key))


def _moved(name: str, key: tuple[Any, ...], old: Row, new: Row) -> list[str]:
    return [f"{name} {_shown(key)} {field}: {old[field]} -> {new[field]}" for field in new if old[field] != new[field]]
