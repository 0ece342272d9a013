"""One scheduler per database, on however many machines: a lock that its server frees with the connection, and an epoch.

only_one has the lock for one machine. The lock is of a session, so it wants a connection of its own, no pooler's
(HORSES_DATABASE_DIRECT_URL). A leader that froze keeps it: another ends its sessions and begins the next epoch, which
every write of a leader checks, so what thaws writes nothing.
"""

import os
import platform
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select, update

from horses_scrapy.errors import AlreadyRunning, StoreError
from horses_scrapy.storage import schema
from horses_scrapy.storage.address import DIRECT_VARIABLE, Address, PostgresServer, shown
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Deposed(AlreadyRunning):
    """Another leads since: this one must write nothing more."""


# --- The lock ---------------------------------------------------------------------------------------------------------


class SessionLock:
    """A lock that lives as long as a session of the server. On SQLite there is one machine, and only_one is enough."""

    def __init__(self, address: Address, name: str) -> None:
        """Raises AlreadyRunning, which names the holder, and StoreError where the server cannot be reached."""
        self._address, self._name = address, name
        self._engine: Engine | None = None
        self._connection: Any = None
        if isinstance(address, PostgresServer):
            self._engine = _engine(address)
            try:
                self._connection = _taken(self._engine, address, name)
            except BaseException:
                self._engine.dispose()
                raise

    def keep(self) -> None:
        """Take it again if the session was lost. Raises as a start does, AlreadyRunning where another was quicker."""
        if self._engine is None or (self._connection is not None and _holds(self._connection, self._name)):
            return
        assert isinstance(self._address, PostgresServer)
        self._drop()
        self._connection = _taken(self._engine, self._address, self._name)

    def close(self) -> None:
        if self._engine is not None:
            self._drop()
            self._engine.dispose()

    def _drop(self) -> None:
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):  # the server has freed it already
                connection.invalidate()
                connection.close()


@contextmanager
def leading(address: Address, name: str) -> Iterator[SessionLock]:
    """Hold the lock of this name while the body runs. Raises as SessionLock does."""
    with closing(SessionLock(address, name)) as lock:
        yield lock


def key_of(name: str) -> int:
    """Second half of the lock's key; the writers' turn is 1."""
    return zlib.crc32(name.encode()) & 0x7FFF_FFFF


def end_sessions(address: Address, name: str) -> int:
    """Cut off the process that holds the lock: all its connections to this database. How many there were."""
    if not isinstance(address, PostgresServer):
        return 0
    from sqlalchemy import text  # noqa: PLC0415

    engine = _engine(address)
    try:
        with engine.connect() as connection:
            return len(connection.execute(text(_END), _key(name)).all())
    finally:
        engine.dispose()


_HELD = """SELECT a.pid, a.application_name, a.client_addr
    FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :first AND l.objid = :second AND l.objsubid = 2
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
_END = f"""WITH held AS ({_HELD})
    SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a JOIN held ON a.pid = held.pid OR
      (a.datname = current_database() AND a.application_name = held.application_name
       AND a.client_addr IS NOT DISTINCT FROM held.client_addr)"""  # noqa: S608 (both are ours)


def _engine(address: PostgresServer) -> "Engine":
    from horses_scrapy.storage import postgresql  # noqa: PLC0415 - a job on SQLite need not load it

    return postgresql.engine_of(address.direct_url)


def _key(name: str) -> dict[str, int]:
    from horses_scrapy.storage import postgresql  # noqa: PLC0415

    return {"first": postgresql.LOCKS, "second": key_of(name)}


def _taken(engine: "Engine", address: PostgresServer, name: str) -> Any:
    from sqlalchemy import text  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    from horses_scrapy.storage import postgresql  # noqa: PLC0415

    try:
        connection = engine.connect()
        if connection.scalar(text("SELECT pg_try_advisory_lock(:first, :second)"), _key(name)):
            return connection
        holder = postgresql.holder_of(connection, key_of(name))
        connection.close()
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        raise StoreError(f"{shown(address.direct_url)}: no connection: {said}; see {DIRECT_VARIABLE}") from error
    raise AlreadyRunning(f"{name} already runs: {holder} holds its lock in {shown(address.direct_url)}")


def _holds(connection: Any, name: str) -> bool:
    from sqlalchemy import text  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    try:
        mine = text(f"SELECT count(*) FROM ({_HELD}) AS held WHERE pid = pg_backend_pid()")  # noqa: S608
        return bool(connection.scalar(mine, _key(name)))
    except SQLAlchemyError:
        return False


# --- The epoch --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Leader:
    """Who leads, or led last. Instants are epoch milliseconds of its own clock."""

    name: str
    epoch: int
    holder: str
    taken_at: int
    renewed_at: int


def leader_of(connection: Connection, name: str) -> Leader | None:
    """None before the first."""
    leader = schema.leader
    row = connection.execute(select(leader).where(leader.c.name == name)).one_or_none()
    return None if row is None else Leader(row.name, row.epoch, row.holder, row.taken_at, row.renewed_at)


def begin(connection: Connection, name: str, at_ms: int) -> Leader:
    """The next epoch is this process's. The lock is held."""
    before = leader_of(connection, name)
    mine = Leader(name, 1 if before is None else before.epoch + 1, f"{platform.node()}:{os.getpid()}", at_ms, at_ms)
    leader = schema.leader
    values = {"epoch": mine.epoch, "holder": mine.holder, "taken_at": at_ms, "renewed_at": at_ms}
    if before is None:
        connection.execute(insert(leader).values(name=name, **values))
    else:
        connection.execute(update(leader).where(leader.c.name == name).values(values))
    return mine


class FencedStore(Store):
    """A leader's: a write finds out in its own transaction whether it still leads. Raises Deposed before anything else."""

    def __init__(self, store: Store, term: Leader, limits: Limits) -> None:
        super().__init__(store.address, limits)
        self.purpose = store.purpose
        self._term = term

    @contextmanager
    def write(self, *, beside: bool = False) -> Iterator[Connection]:
        with super().write(beside=beside) as connection:
            self._check(connection)
            yield connection

    @contextmanager
    def clear(self) -> Iterator[Connection]:
        with super().clear() as connection:
            self._check(connection)
            yield connection

    def renew(self, at_ms: int) -> None:
        """Says that it is alive, to whoever would take over."""
        with self.write(beside=True) as connection:
            mine = update(schema.leader).where(schema.leader.c.name == self._term.name)
            connection.execute(mine.values(renewed_at=at_ms))

    def _check(self, connection: Connection) -> None:
        """Nobody begins an epoch until this transaction has ended: the row is locked, or the writers' turn is ours."""
        leader = schema.leader
        query = select(leader.c.epoch, leader.c.holder).where(leader.c.name == self._term.name)
        row = connection.execute(query.with_for_update(read=True)).one_or_none()
        if row is None or row.epoch != self._term.epoch:
            now = "nobody" if row is None else f"{row.holder}, epoch {row.epoch}"
            raise Deposed(f"{self._term.name} {self._term.holder} of epoch {self._term.epoch} leads no more, but {now}")
