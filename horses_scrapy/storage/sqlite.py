"""SQLite: the library that runs, how each of its connections is set up, and our database in a file of it."""

import functools
import importlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool
from sqlalchemy.util import LRUCache

from horses_scrapy.errors import StoreBroken, StoreBusy, StoreError
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.write_lock import WriteLock

BUSY_SECONDS = 30
EVERY = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-65536",
    "PRAGMA temp_store=MEMORY",
)
WRITER = (
    "PRAGMA auto_vacuum=INCREMENTAL",  # counts before the first table only, so it stands before journal_mode
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # an alert or a `sent` mark must survive a power loss: NORMAL forgets commits
    "PRAGMA wal_autocheckpoint=1000",
    "PRAGMA journal_size_limit=67108864",
)
READER = ("PRAGMA query_only=ON",)
JSON_IS_HARMLESS = (3, 41, 0)
"""From this version on a view may use JSON functions (ours do) where the schema is not trusted."""
WAL_RACE = ((3, 7, 0), (3, 51, 2))
"""Versions in which two connections can corrupt a WAL database (sqlite.org/wal.html, fixed in 3.51.3)."""
STATEMENTS = 1000
"""Kept compiled; all of ours are some hundreds."""
LOOK_EVERY = 100_000
"""Steps of SQLite's machine, some milliseconds, between two looks at the clock."""


def driver() -> ModuleType:
    """pysqlite3 (a current SQLite) where it has a wheel, else the standard module."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ModuleNotFoundError:
        return importlib.import_module("sqlite3")


def describe(module: ModuleType) -> str:
    """`SQLite 3.53.4 (pysqlite3)`, with a remark where the version has the WAL race."""
    name = module.__name__.partition(".")[0]
    text = f"SQLite {module.sqlite_version} ({name})"
    if WAL_RACE[0] <= module.sqlite_version_info <= WAL_RACE[1]:
        text += ", whose WAL race is kept off by our write lock: let no other program write"
    return text


class SqliteDatabase:
    """One file in WAL mode; writers take turns by a lock on a file beside it."""

    made_by_command = False

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._lock = WriteLock(path, limits.deadline)
        self._writer = writer(path)
        self._reader = reader(path, limits.query_timeout)

    @contextmanager
    def writing(self, *, beside: bool) -> Iterator[Connection]:  # noqa: ARG002 - there is only one writer in a file
        with self._lock.held(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def clearing(self) -> Iterator[Connection]:
        """Nothing leads from a board to its prices: with foreign keys each board that goes would read them all."""
        with self._lock.held(), self._unchecked() as connection, connection.begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        with self._reader.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("ROLLBACK")

    def version(self, connection: Connection) -> str:
        return str(connection.exec_driver_sql("PRAGMA data_version").scalar_one())

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Foreign keys are off meanwhile, because a batch migration rebuilds its table; they are checked at the end."""
        with self._lock.held(), self._unchecked() as connection, connection.begin():
            yield connection
            self._refuse_orphans(connection)

    @contextmanager
    def _unchecked(self) -> Iterator[Connection]:
        with self._writer.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA foreign_keys=OFF")  # does nothing within a transaction
            try:
                yield connection
            finally:
                raw.execute("PRAGMA foreign_keys=ON")

    def _refuse_orphans(self, connection: Connection) -> None:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise StoreError(
                f"{self._path}: the change would leave {len(broken)} rows without their parent, first {tuple(broken[0])}: "
                "nothing was changed"
            )

    def tables(self, connection: Connection) -> set[str]:
        rows = connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return {row.name for row in rows}

    def back_up(self, revision: str) -> Path:
        target = self._path.with_name(f"{self._path.name}.{revision}.bak")
        copy_file(self._reader, target)
        return target

    def refusal(self, error: DBAPIError) -> StoreError:
        text = f"{self._path}: {error.orig}"
        if "database is locked" in text:
            return StoreBusy(f"{text}: a program that does not take {self._lock.path} writes to it")
        if str(error.orig) == "interrupted":
            limit = self._limits.query_timeout
            return StoreError(
                f"{self._path}: a query took longer than {limit:g} s (database.query_timeout): ask for less"
            )
        if self._path.is_dir():
            return StoreError(f"{self._path}: is a folder; name a file in system.database_path")
        return broken(self._path, error.orig) or unusable(self._path, error.orig) or StoreError(text)

    def describe(self) -> str:
        return describe(driver())

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()


# --- Refusals ---------------------------------------------------------------------------------------------------------

SIDE = "scripts/db.py check says more; scripts/db.py restore <backup> puts a good copy in its place"
BROKEN = {
    "SQLITE_CORRUPT": f"the file is damaged: {SIDE}",
    "SQLITE_NOTADB": f"the file is no SQLite database: name another in system.database_path, or {SIDE}",
    "SQLITE_IOERR": f"the disk does not read or write: look at the system's log and the disk; then {SIDE}",
}
NAMELESS = {
    "database disk image is malformed": "SQLITE_CORRUPT",
    "file is not a database": "SQLITE_NOTADB",
    "disk I/O error": "SQLITE_IOERR",
    "database or disk is full": "SQLITE_FULL",
}
"""The module's backup() raises errors without their name."""
UNUSABLE = {
    "SQLITE_FULL": "nothing of this write was kept and nothing is lost; free some space on the database's disk",
    "SQLITE_CANTOPEN": "is it there, and may this user read and write it and its folder?",
    "SQLITE_PERM": "may this user read and write it and its folder?",
    "SQLITE_READONLY": "may this user write it and its folder?",
}


def broken(path: Path, error: object) -> StoreBroken | None:
    """The library's error where the file or the disk is what failed."""
    todo = _todo(BROKEN, error)
    return None if todo is None else StoreBroken(f"{path}: {error}: {todo}")


def unusable(path: Path, error: object) -> StoreError | None:
    """Where the file is not to blame."""
    todo = _todo(UNUSABLE, error)
    return None if todo is None else StoreError(f"{path}: {error}: {todo}")


def _todo(known: Mapping[str, str], error: object) -> str | None:
    name = getattr(error, "sqlite_errorname", None) or NAMELESS.get(str(error), "")
    return next((words for kind, words in known.items() if name.startswith(kind)), None)


# --- Connections --------------------------------------------------------------------------------------------------------


def writer(path: Path) -> Engine:
    """Transactions begin as BEGIN IMMEDIATE: a deferred one that reads first fails at its first write."""
    engine = _engine(path, "rwc", EVERY + WRITER)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def reader(path: Path, query_timeout: float | None = None) -> Engine:
    """Autocommit: an open read transaction would pin the WAL."""
    engine = _engine(path, "ro", EVERY + READER)
    if query_timeout is not None:
        _limit(engine, query_timeout)
    return engine


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class _Watch:
    """Tells one connection's SQLite whether its statement has run for too long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    def start(self) -> None:
        self._until = time.monotonic() + self._seconds

    def is_over(self) -> bool:
        return time.monotonic() > self._until


def _limit(engine: Engine, seconds: float) -> None:
    def watch(raw: Any, record: Any) -> None:
        record.info["watch"] = _Watch(seconds)
        record.info["watch"].start()
        raw.set_progress_handler(record.info["watch"].is_over, LOOK_EVERY)

    def start(connection: Connection, *_told: object) -> None:
        connection.info["watch"].start()

    event.listen(engine, "connect", watch)
    event.listen(engine, "before_cursor_execute", start)


def _engine(path: Path, mode: str, pragmas: tuple[str, ...]) -> Engine:
    module = driver()

    def connect() -> Any:
        made = module.connect(
            f"{path.as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if module.sqlite_version_info >= JSON_IS_HARMLESS:
                made.execute("PRAGMA trusted_schema=OFF").close()
            for pragma in pragmas:
                made.execute(pragma).close()
        except module.Error:
            made.close()
            raise
        return made

    dialect, compiled = _shared()
    pool = QueuePool(connect, dialect=dialect)
    set_up = dialect.on_connect()
    assert set_up is not None
    event.listen(pool, "connect", lambda raw, _record: set_up(raw))
    return Engine(pool, dialect, make_url("sqlite://"), execution_options={"compiled_cache": compiled})


@functools.cache
def _shared() -> tuple[Dialect, LRUCache[Any, Any]]:
    """What all our engines compile with, and the statements that any of them has: a fork inherits both.

    To compile what it says would take a job a third of its time. The dialect is a part of each statement's key.
    """
    first = create_engine("sqlite://", module=driver())
    with first.connect():  # which completes the dialect
        pass
    first.dispose()
    return first.dialect, LRUCache(STATEMENTS)


# --- A copy -----------------------------------------------------------------------------------------------------------


def copy_file(engine: Engine, target: Path) -> None:
    """An online copy, checked and synced before it takes its name. All pages at once: in steps it never ends."""
    unfinished = target.with_name(target.name + ".tmp")
    unfinished.unlink(missing_ok=True)
    copy = driver().connect(unfinished, isolation_level=None)
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.backup(copy, pages=-1)
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, readable where nothing can be written
    finally:
        copy.close()
    if verdict != "ok":
        raise StoreBroken(f"{unfinished}: the copy is damaged: {verdict}")
    sync(unfinished)
    unfinished.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
