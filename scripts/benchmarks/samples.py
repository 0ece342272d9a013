"""Databases of a given size, made once and kept in --workdir; a finished one only bears its name."""

import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr

from benchmarks import seed
from benchmarks.frame import Context
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.simulator.bulk import BulkPlan
from horses_scrapy.simulator.bulk_rows import record_bulk
from horses_scrapy.storage import migrate, sqlite
from horses_scrapy.storage.engine import Store, open_store


def opened(file: Path) -> Store:
    return opened_at(f"sqlite:///{file}")


def opened_at(url: str) -> Store:
    """SQLite is created where it is absent."""
    system = {"database_url": SecretStr(url)}
    settings = Settings.model_validate({"home": Path("/"), "config_file": Path("/none"), "system": system})
    return open_store(settings, Clock(), create_as="sample")


def ours(context: Context, plan: BulkPlan) -> Path:
    """A file of this project, in write-ahead mode and checkpointed."""
    file = context.kept / f"ours-{migrate.HEAD}-{plan.observed}-{plan.grids_every}.db"
    if not file.exists():
        context.say(f"making {plan.observed:,} observed prices ...")
        unfinished = _fresh(file)
        store = opened(unfinished)
        try:
            record_bulk(store, plan)
        finally:
            store.close()
        _finish(unfinished, file)
    return file


def seeds(context: Context, plan: BulkPlan) -> Path:
    """The same boards in the seed's tables."""
    file = context.kept / f"seed-{plan.observed}-{plan.grids_every}.db"
    if not file.exists():
        context.say(f"making the seed's {plan.observed:,} observed prices ...")
        unfinished = _fresh(file)
        with closing(sqlite.driver().connect(unfinished, isolation_level=None)) as database:
            seed.fill(database, plan)
        _finish(unfinished, file)
    return file


def _fresh(file: Path) -> Path:
    unfinished = file.with_suffix(".unfinished")
    _remove(unfinished)
    return unfinished


def _finish(unfinished: Path, file: Path) -> None:
    unfinished.replace(file)
    _remove(unfinished)


def _remove(unfinished: Path) -> None:
    """With its log and its lock."""
    for leftover in unfinished.parent.glob(f"{unfinished.name}*"):
        leftover.unlink()


def table_bytes(file: Path) -> Mapping[str, int]:
    """Bytes on pages of each table and index. Through the standard module: the other one is built without dbstat."""
    import sqlite3  # noqa: PLC0415 - see above

    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name")
        return MappingProxyType(dict(rows.fetchall()))


def table_of(file: Path) -> Mapping[str, str]:
    """Table by index (and by itself)."""
    with closing(sqlite.driver().connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        return dict(database.execute("SELECT name, tbl_name FROM sqlite_schema WHERE type IN ('table', 'index')"))


def forget_cached(file: Path) -> None:
    """Out of the system's cache: the next read is from disk."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
