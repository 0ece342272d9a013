"""The SQLite that runs, and how each of its connections is set up."""

import importlib
import sqlite3
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

BUSY_SECONDS = 30
EVERY = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
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
WAL_RACE = ((3, 7, 0), (3, 51, 2))
"""Versions in which two connections can corrupt a WAL database (sqlite.org/wal.html, fixed in 3.51.3)."""


def driver() -> ModuleType:
    """pysqlite3 (a current SQLite) where it has a wheel, else the standard module."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ModuleNotFoundError:
        return sqlite3


def describe(module: ModuleType) -> str:
    """`SQLite 3.53.4 (pysqlite3)`, with a remark where the version has the WAL race."""
    name = module.__name__.partition(".")[0]
    text = f"SQLite {module.sqlite_version} ({name})"
    if WAL_RACE[0] <= module.sqlite_version_info <= WAL_RACE[1]:
        text += ", whose WAL race is kept off by our write lock: let no other program write"
    return text


def writer(path: Path) -> Engine:
    """Transactions begin as BEGIN IMMEDIATE: a deferred one that reads first fails at its first write."""
    engine = _engine(path, "rwc", EVERY + WRITER)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def reader(path: Path) -> Engine:
    """Autocommit: an open read transaction would pin the WAL."""
    return _engine(path, "ro", EVERY + READER)


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


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
            for pragma in pragmas:
                made.execute(pragma).close()
        except module.Error:
            made.close()
            raise
        return made

    return create_engine("sqlite://", module=module, creator=connect, poolclass=QueuePool)
