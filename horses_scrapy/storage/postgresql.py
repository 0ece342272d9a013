"""PostgreSQL 15 and later, directly or through a pooler that gives a connection away after each transaction.

So nothing outlives a transaction: no prepared statements, no session settings, and the writers' turn is an advisory lock
of the transaction. Imported only where the database is one: it loads psycopg and its dialect.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from horses_scrapy.errors import StoreBusy, StoreError
from horses_scrapy.storage.database import Limits

OLDEST = 15
LOCKS = 0x686F7273
"""First half of the keys of our advisory locks; they are of one database."""
WRITER = 1
"""Second half of the key of the writers' turn. PostgreSQL gives it in the order of asking."""
FROZEN_MS = 60_000
"""A writer that does nothing for so long is cut off: a machine that vanished would keep all others waiting."""
CONNECTING = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

BUSY, CANCELLED = "55P03", "57014"
"""SQLSTATEs: lock_timeout and statement_timeout."""

_HOLDER = text(
    """SELECT a.pid, a.application_name, host(a.client_addr) AS client
    FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :first AND l.objid = :second AND l.objsubid = 2
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
)


class PostgresDatabase:
    """One database on a server; its writers take turns by an advisory lock."""

    made_by_command = True

    def __init__(self, url: URL, shown: str, limits: Limits) -> None:
        self._shown = shown
        self._limits = limits
        self._engine = engine_of(url)
        self._threads_that_write: set[int] = set()
        timeout = 0 if limits.query_timeout is None else round(limits.query_timeout * 1000)
        self._begin_read = f"BEGIN READ ONLY; SET LOCAL statement_timeout = {timeout}"
        self._begin_beside = (
            f"BEGIN; SET LOCAL lock_timeout = {round(limits.deadline * 1000)}; "
            f"SET LOCAL idle_in_transaction_session_timeout = {FROZEN_MS}"
        )
        self._begin_write = f"{self._begin_beside}; SELECT pg_advisory_xact_lock({LOCKS}, {WRITER})"

    @contextmanager
    def writing(self, *, beside: bool) -> Iterator[Connection]:
        with self._one_per_thread(), self._engine.begin() as connection:
            _send(connection, self._begin_beside if beside else self._begin_write)
            yield connection

    @contextmanager
    def clearing(self) -> Iterator[Connection]:
        with self.writing(beside=False) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            _send(connection, self._begin_read)
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            _send(connection, f"{self._begin_read}; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield connection

    def version(self, connection: Connection) -> str:
        return str(connection.scalar(text("SELECT CAST(pg_current_snapshot() AS text)")))

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        with self.writing(beside=False) as connection:
            _send(connection, "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
            yield connection

    @contextmanager
    def _one_per_thread(self) -> Iterator[None]:
        me = threading.get_ident()
        if me in self._threads_that_write:
            raise StoreError(f"{self._shown}: a write inside a write of the same thread would wait for itself")
        self._threads_that_write.add(me)
        try:
            yield
        finally:
            self._threads_that_write.discard(me)

    def tables(self, connection: Connection) -> set[str]:
        self._refuse_old(connection)
        found = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"))
        return set(found)

    def _refuse_old(self, connection: Connection) -> None:
        version: Any = connection.dialect.server_version_info
        if version[0] < OLDEST:
            raise StoreError(f"{self._shown}: PostgreSQL {version[0]} is too old; {OLDEST} or newer is needed")

    def back_up(self, revision: str) -> Path | None:  # noqa: ARG002 - a server's backups are its operator's
        return None

    def refusal(self, error: DBAPIError) -> StoreError:
        said = " ".join(str(error.orig).split())
        state = getattr(error.orig, "sqlstate", None)
        if state == BUSY:
            return StoreBusy(
                f"{self._shown}: not free for writing within {self._limits.deadline:g} s: {self._who_writes()}"
            )
        if state == CANCELLED and self._limits.query_timeout is not None:
            limit = self._limits.query_timeout
            return StoreError(
                f"{self._shown}: a query took longer than {limit:g} s (database.query_timeout): ask for less; {said}"
            )
        unreached = state is None and isinstance(error, OperationalError)
        if unreached or error.connection_invalidated:
            return StoreError(f"{self._shown}: no connection: {said}; is the server up, is HORSES_DATABASE_URL right?")
        return StoreError(f"{self._shown}: {said}")

    def _who_writes(self) -> str:
        try:
            with self._engine.connect() as connection:
                return f"{holder_of(connection, WRITER)} holds it"
        except DBAPIError:
            return "who holds it cannot be asked"

    def describe(self) -> str:
        """`PostgreSQL 15.18`; without the version until the server was first reached."""
        version = getattr(self._engine.dialect, "server_version_info", None)
        return "PostgreSQL" if version is None else "PostgreSQL " + ".".join(map(str, version))

    def close(self) -> None:
        self._engine.dispose()


def engine_of(url: URL) -> Engine:
    """Our own BEGIN is sent with the transaction's settings: one way to the server instead of three."""
    told = {name: value for name, value in CONNECTING.items() if name not in url.query}
    return create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_pre_ping=True,
        use_native_hstore=False,
        connect_args={**told, "application_name": whoami(), "prepare_threshold": None},
    )


def whoami() -> str:
    """Of this process, for pg_stat_activity: `horses:scheduler:4711`. PostgreSQL cuts it at 63 bytes."""
    return f"horses:{Path(sys.argv[0]).stem[:40] or 'python'}:{os.getpid()}"


def holder_of(connection: Connection, second: int) -> str:
    """Who holds the advisory lock (LOCKS, second)."""
    row = connection.execute(_HOLDER, {"first": LOCKS, "second": second}).first()
    if row is None:
        return "somebody who has just let go of it"
    return f"pid {row.pid} of the server, {row.application_name or 'no name'} at {row.client or 'its own machine'},"


def _send(connection: Connection, statements: str) -> None:
    """Several at once: only without parameters."""
    connection.exec_driver_sql(statements, execution_options={"no_parameters": True})
