"""Which revision a database has, and the way to ours. Runs under the write lock."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, insert, select, text

from horses_scrapy.errors import StoreError
from horses_scrapy.storage import sqlite
from horses_scrapy.storage.schema import meta

HEAD = "0004"
"""The newest revision, so that a job on a current database need not import Alembic (a test compares)."""

FOLDER = Path(__file__).with_name("migrations")


@dataclass(frozen=True, slots=True)
class State:
    revision: str
    purpose: str | None


def look(connection: Connection, path: Path) -> State | None:
    """What the database holds; None where it has no tables yet. Raises StoreError where it is not ours, or newer."""
    tables = set(connection.scalars(text("SELECT name FROM sqlite_schema WHERE type = 'table'")))
    if not tables:
        return None
    revision = (
        connection.scalar(text("SELECT version_num FROM alembic_version")) if "alembic_version" in tables else None
    )
    if revision is None:
        raise StoreError(f"{path}: holds tables that are not ours; name another file in system.database_path")
    if revision > HEAD:
        raise StoreError(f"{path}: revision {revision} is newer than this program's {HEAD}; update the program")
    return State(revision, connection.scalar(select(meta.c.value).where(meta.c.key == "purpose")))


def run(engine: Engine, path: Path, state: State | None, purpose: str) -> None:
    """From `state`, as found under the lock, to HEAD."""
    if state is None:
        _create(engine, purpose)
    elif state.revision != HEAD:
        back_up(engine, path.with_name(f"{path.name}.{state.revision}.bak"))
        _upgrade(engine)


def _create(engine: Engine, purpose: str) -> None:
    """All in one transaction, so that nobody ever sees a database without its purpose."""
    with engine.begin() as connection:
        run_alembic(connection, "upgrade", HEAD)
        connection.execute(insert(meta).values(key="purpose", value=purpose))


def _upgrade(engine: Engine) -> None:
    """One transaction per migration; foreign keys are off meanwhile, because a batch migration rebuilds its table."""
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            run_alembic(connection, "upgrade", HEAD)
            broken = raw.execute("PRAGMA foreign_key_check").fetchall()
        finally:
            raw.execute("PRAGMA foreign_keys=ON")
    if broken:
        raise StoreError(f"the upgrade to {HEAD} left {len(broken)} rows without their parent, first {broken[0]}")


def run_alembic(connection: Connection, verb: Literal["upgrade", "downgrade"], revision: str) -> None:
    """A transaction that the caller holds is used and left open; else each migration has its own."""
    from alembic import command  # noqa: PLC0415 - 60 ms that only an outdated database pays
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        getattr(command, verb)(config, revision)
    except CommandError as error:
        raise StoreError(f"the database cannot be brought to revision {revision}: {error}") from error


def back_up(engine: Engine, target: Path) -> None:
    """An online copy, checked and synced before it takes its name. All pages at once: in steps it never ends."""
    unfinished = target.with_name(target.name + ".tmp")
    unfinished.unlink(missing_ok=True)
    copy = sqlite.driver().connect(unfinished, isolation_level=None)
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.backup(copy, pages=-1)
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        copy.close()
    if verdict != "ok":
        raise StoreError(f"{unfinished}: the backup before an upgrade is damaged: {verdict}")
    _sync(unfinished)
    unfinished.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
