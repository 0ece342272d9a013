"""db.py copy: a database moves between SQLite and PostgreSQL, or between two of a kind.

Each round copies one state of the source: what is missing goes in behind what is there, then every table is compared by
rows and checksum, and where one differs (rows that were changed since an earlier run) its rows are compared one by one.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Connection

from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, ConfigError, StoreError
from horses_scrapy.storage import migrate
from horses_scrapy.storage.address import Address, address_at
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.upkeep import copying as sql
from horses_scrapy.storage.upkeep.copying import TABLES, Digest, Digesting, Plain, Row
from horses_scrapy.upkeep import screen

PAGE = 100
"""Batches (database.batch_size) that are read, and committed, at once."""
ROUNDS = 3
"""A source that is written to is followed so often."""

Tell = Callable[[str, int], None]
"""Told what is done to which table, and with how many rows more."""


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Copies every table and compares them at the end. The target must be empty, or a copy of this source that was not"
        " finished: run the same command again and it goes on. Stop what writes to the source before you switch."
    )
    how = "sqlite:///FILE, postgresql+psycopg://USER:PASSWORD@HOST/DATABASE, or env:NAME of a variable that holds one"
    parser.add_argument("--from", dest="source", required=True, metavar="URL", help=how)
    parser.add_argument("--to", dest="target", required=True, metavar="URL", help="the same; made if it has no tables")
    parser.add_argument("--dry-run", action="store_true", help="count the rows of both; write nothing")


def run(settings: Settings, told: argparse.Namespace) -> int:
    """Raises ConfigError for a URL that cannot be used, StoreError for a source or target that does not fit."""
    source_at = _address(told.source, settings, "--from")
    target_at = _address(told.target, settings, "--to")
    if source_at == target_at:
        raise ConfigError(f"copy: --from and --to are the same database, {source_at.shown}")
    limits = Limits(query_timeout=settings.database.query_timeout)
    with ExitStack() as opened:
        source = opened.enter_context(closing(Store(source_at, limits)))
        _refuse_source(source)
        if not told.dry_run:
            target_at.make_place()
        target = opened.enter_context(closing(Store(target_at, limits)))
        _refuse_target(target, source)
        if told.dry_run:
            _print_plan(source, target)
            return OK
        size = settings.database.batch_size * PAGE
        digests = _with_progress(source, target, size)
    rows = sum(one.rows for one in digests.values())
    screen.say(f"verified: {rows} rows, {len(digests)} tables: {target.shown} equals {source.shown}")
    return OK


def _address(given: str, settings: Settings, name: str) -> Address:
    if not given.startswith("env:"):
        return address_at(given, settings.home, name=name)
    variable = given.removeprefix("env:")
    if variable not in os.environ:
        raise ConfigError(f"{name}: the variable {variable} is not set")
    return address_at(os.environ[variable], settings.home, name=variable)


def _refuse_source(source: Store) -> None:
    state = source.look()
    if state is None:
        raise ConfigError(f"{source.shown}: there is no database to copy")
    _refuse_revision(source, state)
    if state.purpose is None:
        raise StoreError(f"{source.shown}: is a copy that was never finished; copy from its own source")


def _refuse_revision(store: Store, state: migrate.State) -> None:
    if state.revision != migrate.HEAD:
        raise StoreError(
            f"{store.shown}: has revision {state.revision}, this program {migrate.HEAD}; first: scripts/db.py upgrade"
        )


def _refuse_target(target: Store, source: Store) -> None:
    """All is well with no tables, with empty ones, and with an unfinished copy of this source."""
    state = target.look()
    if state is None:
        return
    _refuse_revision(target, state)
    with target.read() as connection:
        begun = sql.notes(connection).get(sql.COPYING)
        filled = [name for name, rows in sql.counts(connection).items() if rows]
    if begun is not None and begun != source.shown:
        raise StoreError(f"{target.shown}: is an unfinished copy of {begun}; name an empty database")
    if begun is None and filled:
        raise StoreError(f"{target.shown}: holds rows already ({', '.join(filled[:3])} ..); name an empty database")


def _print_plan(source: Store, target: Store) -> None:
    with source.read() as connection:
        wanted = sql.counts(connection)
    present = dict.fromkeys(wanted, 0)
    if target.look() is not None:
        with target.read() as connection:
            present = sql.counts(connection)
    rows = [(name, str(wanted[name]), str(present[name])) for name in wanted if wanted[name] or present[name]]
    screen.table(("table", "source", "target"), rows, numbers=("source", "target"))
    screen.say(f"{sum(wanted.values())} rows of {source.shown} would be copied to {target.shown}; nothing was written")


def _with_progress(source: Store, target: Store, size: int) -> Mapping[str, Digest]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        with source.read() as connection:
            rows = sum(sql.counts(connection).values())
        bar = progress.add_task("", total=3 * rows)  # written once, and read on both sides to be compared

        def tell(doing: str, more: int) -> None:
            progress.update(bar, description=doing, advance=more)

        return copy(source, target, size, tell)


def copy(source: Store, target: Store, size: int, tell: Tell) -> Mapping[str, Digest]:
    """Begin or go on, until the target equals the source; what was copied, by table.

    Raises StoreError where it cannot be made equal, or the source is written to all the time.
    """
    if target.look() is None:
        target.move(create_as="live")  # until it is finished it has no purpose at all
    sql.begin(target, source.shown)
    for _ in range(ROUNDS):
        with sql.snapshot(source) as connection:
            noted = sql.notes(connection)
            digests = _Round(connection, target, size, tell).run()
        added = _added(source, digests)
        if added == 0:
            sql.finish(target, noted)
            return digests
        print(f"{added} rows were added to {source.shown} meanwhile: catching up", file=sys.stderr)  # noqa: T201
    raise StoreError(
        f"{source.shown}: is still written to; stop the scheduler and what else writes, then run the same command again:"
        " it goes on where it is"
    )


def _added(source: Store, digests: Mapping[str, Digest]) -> int:
    """Rows by which tables have grown, or shrunk, since they were copied."""
    with source.read() as connection:
        now = sql.counts(connection)
    return sum(abs(now[name] - one.rows) for name, one in digests.items())


@dataclass(frozen=True, slots=True)
class _Round:
    """One state of the source, `connection`, into the target."""

    connection: Connection
    target: Store
    size: int
    tell: Tell

    def run(self) -> Mapping[str, Digest]:
        for table in TABLES:
            self._append(table)
        digests = {table.name: self._digest(self.connection, table) for table in TABLES}
        unequal = self._unequal(digests, TABLES)
        if unequal:
            self._mend(unequal)
            unequal = self._unequal(digests, unequal)
        if unequal:
            raise StoreError(
                f"{self.target.shown}: differs from its source in {', '.join(one.name for one in unequal)}"
            )
        return digests

    def _append(self, table: Plain) -> None:
        with self.target.read() as connection:
            reached = sql.newest_key(connection, table)
        for page in sql.pages(self.connection, table, self.size, reached):
            with self.target.write() as connection:
                sql.add(connection, table, page)
            self.tell(f"copy {table.name}", len(page))

    def _digest(self, connection: Connection, table: Plain) -> Digest:
        made = Digesting()
        for page in sql.pages(connection, table, self.size):
            made.take(page)
            self.tell(f"compare {table.name}", len(page))
        return made.digest()

    def _unequal(self, digests: Mapping[str, Digest], tables: Sequence[Plain]) -> list[Plain]:
        with self.target.read() as connection:
            return [table for table in tables if self._digest(connection, table) != digests[table.name]]

    def _mend(self, tables: Sequence[Plain]) -> None:
        """Rows without a counterpart go, children first; then parents first all others come and change."""
        for table in reversed(tables):
            for found in self._differences(table):
                with self.target.write() as connection:
                    sql.remove(connection, table, found.gone)
        for table in tables:
            for found in self._differences(table):
                with self.target.write() as connection:
                    sql.change(connection, table, found.changed)
                    sql.add(connection, table, found.new)
            self.tell(f"mend {table.name}", 0)

    def _differences(self, table: Plain) -> Iterator["Differences"]:
        with self.target.read() as connection:
            theirs = (row for page in sql.pages(self.connection, table, self.size) for row in page)
            ours = (row for page in sql.pages(connection, table, self.size) for row in page)
            yield from differences(theirs, ours, table.width, self.size)


@dataclass(slots=True)
class Differences:
    """What makes the target's rows those of the source. gone: keys; changed and new: rows."""

    gone: list[Row] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    new: list[Row] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.gone) + len(self.changed) + len(self.new)


def differences(wanted: Iterator[Row], present: Iterator[Row], width: int, size: int) -> Iterator[Differences]:
    """Of two runs of rows that ascend by their first `width` columns; at most `size` at once."""
    found = Differences()
    want, have = next(wanted, None), next(present, None)
    while want is not None or have is not None:
        if have is None or (want is not None and want[:width] < have[:width]):
            assert want is not None
            found.new.append(want)
            want = next(wanted, None)
        elif want is None or have[:width] < want[:width]:
            found.gone.append(have[:width])
            have = next(present, None)
        else:
            if want != have:
                found.changed.append(want)
            want, have = next(wanted, None), next(present, None)
        if len(found) >= size:
            yield found
            found = Differences()
    if len(found):
        yield found
