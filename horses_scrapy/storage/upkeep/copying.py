"""SQL of a copy from one database to another, of either kind: tables as they are stored, words as their numbers.

Tables go in the order of their foreign keys, rows in the order of their primary keys, so that how far a copy came can
be read from the copy itself. Text keys are ordered by their bytes on both kinds.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    TableClause,
    Text,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    table,
    text,
    tuple_,
    update,
)

from horses_scrapy.errors import StoreError
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.schema import meta, metadata

Row = tuple[Any, ...]

COPYING = "copying_from"
"""Key of meta in a copy that is not finished, which has no purpose yet: no program takes it for a database."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A table with its columns as integers and text. key: names of the primary key's columns, which come first."""

    clause: TableClause
    key: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.clause.name

    @property
    def width(self) -> int:
        return len(self.key)


def _plain(name: str) -> Plain:
    stored = metadata.tables[name]
    key = [one.name for one in stored.primary_key.columns]
    names = [*key, *(one.name for one in stored.columns if one.name not in key)]
    kinds = {one.name: Text() if isinstance(one.type, Text) else BigInteger() for one in stored.columns}
    return Plain(table(name, *(column(one, kinds[one]) for one in names)), tuple(key))


TABLES: tuple[Plain, ...] = tuple(_plain(one.name) for one in metadata.sorted_tables if one is not meta)
"""Parents before their children. `meta` is written when all others are equal."""


@contextmanager
def snapshot(store: Store) -> Iterator[Connection]:
    """One state of the whole database, whatever is written meanwhile."""
    with store.read() as connection:
        sqlite = store.dialect == "sqlite"
        connection.exec_driver_sql("BEGIN" if sqlite else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        try:
            yield connection
        finally:
            if sqlite:
                connection.exec_driver_sql("ROLLBACK")


def counts(connection: Connection) -> dict[str, int]:
    """Rows by table."""
    return {one.name: count(connection, one) for one in TABLES}


def count(connection: Connection, of: Plain) -> int:
    return connection.execute(select(func.count()).select_from(of.clause)).scalar_one()


def notes(connection: Connection) -> dict[str, str]:
    """What stands in meta."""
    return dict(connection.execute(select(meta.c.key, meta.c.value)).all())


def begin(store: Store, source: str) -> None:
    with store.write() as connection:
        connection.execute(delete(meta))
        connection.execute(insert(meta).values(key=COPYING, value=source))


def finish(store: Store, noted: dict[str, str]) -> None:
    """Make the copy a database: new rows get new ids, and it has its purpose."""
    with store.write() as connection:
        if store.dialect == "postgresql":
            _advance_sequences(connection)
        connection.execute(delete(meta))
        connection.execute(insert(meta), [{"key": key, "value": value} for key, value in noted.items()])


def _advance_sequences(connection: Connection) -> None:
    for one in TABLES:
        if one.width == 1:
            key = one.clause.c[one.key[0]]
            sequence = connection.scalar(select(func.pg_get_serial_sequence(one.name, key.name)))
            newest = connection.scalar(select(func.max(key)))
            if sequence is not None and newest is not None:
                connection.execute(text("SELECT setval(:sequence, :newest)"), {"sequence": sequence, "newest": newest})


def newest_key(connection: Connection, of: Plain) -> Row | None:
    """The last row's, in the order in which rows are copied."""
    keys = _keys(connection, of)
    row = connection.execute(
        select(*(of.clause.c[name] for name in of.key)).order_by(*(key.desc() for key in keys)).limit(1)
    ).first()
    return None if row is None else tuple(row)


def pages(connection: Connection, of: Plain, size: int, after: Row | None = None) -> Iterator[list[Row]]:
    """Rows by primary key, from behind `after`: short statements, each of which takes up where the last one ended."""
    while page := list(map(tuple, connection.execute(_page(connection, of, size, after)).all())):
        yield page
        after = page[-1][: of.width]


def _page(connection: Connection, of: Plain, size: int, after: Row | None) -> Select[Any]:
    keys = _keys(connection, of)
    asked = select(*of.clause.c).order_by(*keys).limit(size)
    if after is None:
        return asked
    values = [literal(value, of.clause.c[name].type) for name, value in zip(of.key, after, strict=True)]
    # The first comparison says nothing new: it is for the index where the second one cannot use it.
    return asked.where(keys[0] >= values[0], tuple_(*keys) > tuple_(*values))


def _keys(connection: Connection, of: Plain) -> list[ColumnElement[Any]]:
    columns = [of.clause.c[name] for name in of.key]
    if connection.dialect.name == "sqlite":
        return list(columns)
    return [one.collate("C") if isinstance(one.type, Text) else one for one in columns]


def add(connection: Connection, to: Plain, rows: Sequence[Row]) -> None:
    """In bulk: COPY on PostgreSQL, one prepared statement on SQLite."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(str(insert(to.clause).compile(dialect=connection.dialect)), list(rows))
    else:
        _copy_in(connection, to, rows)


def _copy_in(connection: Connection, to: Plain, rows: Sequence[Row]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(one.name) for one in to.clause.c)
    raw: Any = connection.connection.dbapi_connection
    try:
        with raw.cursor() as cursor, cursor.copy(f"COPY {quote(to.name)} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        raise StoreError(f"table {to.name}: {' '.join(str(error).split())}") from error


def remove(connection: Connection, of: Plain, keys: Iterable[Row]) -> None:
    given = [dict(zip(_bound(of), key, strict=True)) for key in keys]
    if given:
        connection.execute(delete(of.clause).where(*_own(of)), given)


def change(connection: Connection, of: Plain, rows: Iterable[Row]) -> None:
    """Set the columns behind the key."""
    names = [one.name for one in of.clause.c][of.width :]
    given = [dict(zip([*_bound(of), *(f"new_{name}" for name in names)], row, strict=True)) for row in rows]
    if given:
        values = {name: bindparam(f"new_{name}", type_=of.clause.c[name].type) for name in names}
        connection.execute(update(of.clause).where(*_own(of)).values(values), given)


def _bound(of: Plain) -> list[str]:
    return [f"of_{name}" for name in of.key]


def _own(of: Plain) -> list[ColumnElement[bool]]:
    columns = [of.clause.c[name] for name in of.key]
    return [one == bindparam(bound, type_=one.type) for one, bound in zip(columns, _bound(of), strict=True)]


@dataclass(frozen=True, slots=True)
class Digest:
    """Of a table: how many rows, and the SHA-256 of their canonical JSON in the order of their keys."""

    rows: int
    sha256: str


class Digesting:
    """Pages go in one after another; where one ends makes no difference."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = hashlib.sha256()

    def take(self, page: Sequence[Row]) -> None:
        self._rows += len(page)
        self._sum.update(json.dumps(page).encode("ascii")[1:-1] + b", ")

    def digest(self) -> Digest:
        return Digest(self._rows, self._sum.hexdigest())
