"""Rows in bulk, exactly as they are stored: for big samples. Nothing is compared or upserted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from horses_scrapy.errors import StoreError
from horses_scrapy.storage.coded import Coded
from horses_scrapy.storage.schema import race


@dataclass(frozen=True, slots=True)
class Rows:
    """Of one table: values in the order of `columns`, coded words as code() gives them."""

    table: Table
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list)


def code(kind: Coded, word: str) -> int:
    """A word as it is stored."""
    return kind.words.index(word)


def insert_rows(connection: Connection, batches: Iterable[Rows]) -> None:
    """Past SQLAlchemy, which takes longer to build a million parameter sets than the driver to store them."""
    for batch in batches:
        if batch.rows:
            statement = insert(batch.table).compile(dialect=connection.dialect, column_keys=batch.columns)
            named = (dict(zip(batch.columns, row, strict=True)) for row in batch.rows)
            connection.exec_driver_sql(str(statement), batch.rows if statement.positional else list(named))


def refuse_filled(connection: Connection, shown: str) -> None:
    """Raises StoreError where races are stored: rows in bulk bring their own ids, from 1 on."""
    if connection.scalar(select(func.count()).select_from(race)):
        raise StoreError(f"{shown}: holds races already, and a big sample starts empty; remove it or name another file")
