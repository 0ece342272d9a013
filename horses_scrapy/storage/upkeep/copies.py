"""Backups of a SQLite file, and the way back: copied while others write, checked before it takes its name."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from horses_scrapy.errors import StoreBroken, StoreBusy, StoreError
from horses_scrapy.storage import migrate, sqlite
from horses_scrapy.storage.address import SqliteFile
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.write_lock import WriteLock

PATIENCE = 5.0
"""Seconds that a restore waits for a write that is under way."""
SIDES = ("-wal", "-shm", "-journal")
LOCK_BYTES = (0x40000000, 512)
"""Where every open connection of a WAL database holds a lock (sqlite.org/fileformat2.html, the lock-byte page)."""


def back_up(database: Path, target: Path) -> None:
    """Raises StoreError where the copy cannot be made or is not sound; then there is none."""
    _make_folder(target.parent)
    engine = sqlite.reader(database)
    try:
        with _told(database, target):
            sqlite.copy_file(engine, target)
    except BaseException:
        target.with_name(target.name + ".tmp").unlink(missing_ok=True)
        raise
    finally:
        engine.dispose()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made: {error.strerror}; set database.backup_dir") from error


@contextmanager
def _told(source: Path, target: Path) -> Iterator[None]:
    """SQLite's errors as ours. They do not tell which of the two files failed."""
    try:
        yield
    except DBAPIError as error:
        raise _refused(source, target, error.orig) from error
    except sqlite.driver().Error as error:
        raise _refused(source, target, error) from error
    except OSError as error:
        raise StoreError(f"{target}: no copy was made: {error.strerror}") from error


def _refused(source: Path, target: Path, error: object) -> StoreError:
    return (
        sqlite.unusable(target, error)
        or sqlite.broken(source, error)
        or StoreError(f"{source}: not copied to {target}: {error}")
    )


# --- The way back -------------------------------------------------------------------------------------------------------


def _said(error: StoreBroken) -> object:
    """SQLite's own words, without the name of the copy that was not made."""
    cause = error.__cause__
    return cause.orig if isinstance(cause, DBAPIError) else cause or error


def fetched(backup: Path, database: Path) -> tuple[Path, migrate.State]:
    """A checked copy of a backup beside the database. Raises StoreError for one that is damaged, foreign or newer."""
    if not backup.is_file():
        raise StoreError(f"{backup}: there is no such file; scripts/db.py backup says where backups are")
    _make_folder(database.parent)
    made = database.with_name(database.name + ".restoring")
    try:
        back_up(backup, made)
    except StoreBroken as error:
        raise StoreError(
            f"{backup}: not restored, the backup is damaged ({_said(error)}): take an older one"
        ) from error
    try:
        return made, _ours(made, backup)
    except BaseException:
        made.unlink()
        raise


def _ours(copy: Path, backup: Path) -> migrate.State:
    with closing(Store(SqliteFile(copy))) as store:
        try:
            state = store.look()
        except StoreError as error:
            raise StoreError(str(error).replace(str(copy), str(backup))) from error
        finally:
            _drop_sides(copy)
    if state is None or state.purpose is None:
        raise StoreError(f"{backup}: not restored: no database of horses_scrapy is in it")
    return state


def put_in_place(made: Path, database: Path, aside: Path) -> bool:
    """Whether there was one before: it is at `aside` then, as it was. Raises StoreBusy while somebody uses it.

    Ended at any moment, it leaves the database of before or the new one, and never neither.
    """
    with WriteLock(database, PATIENCE).held():
        existed = database.exists()
        if existed:
            _refuse_used(database)
            _close_log(database)
            _set_aside(database, aside)
        made.replace(database)
        sqlite.sync(database.parent)
    return existed


def _refuse_used(database: Path) -> None:
    """A process that goes on with the old file would lose what it writes."""
    with database.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, LOCK_BYTES[1], LOCK_BYTES[0])
        except BlockingIOError:
            raise StoreBusy(_in_use(database)) from None


def _in_use(database: Path) -> str:
    return (
        f"{database}: not restored, programs have it open{_users(database)}: stop the scheduler, the mailer, scrapyd and"
        " the web pages, then again"
    )


def _users(database: Path) -> str:
    """Linux tells who; elsewhere nothing."""
    inode = f":{database.stat().st_ino}"
    with suppress(OSError):
        rows = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
        pids = sorted({int(row[4]) for row in rows if row[1] == "POSIX" and row[5].endswith(inode)})
        return f" (process {', '.join(map(str, pids))})" if pids else ""
    return ""


def _close_log(database: Path) -> None:
    """The write-ahead log into the file, so that it is one. A damaged file keeps its log beside it."""
    connection = sqlite.driver().connect(database, isolation_level=None, timeout=PATIENCE)
    try:
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()
    except sqlite.driver().Error as error:
        if "locked" in str(error):
            raise StoreBusy(_in_use(database)) from error
    finally:
        connection.close()


def _set_aside(database: Path, aside: Path) -> None:
    """By a second name first: the database is never without a file."""
    for side in SIDES:
        with suppress(FileNotFoundError):
            shutil.copy2(f"{database}{side}", f"{aside}{side}")
    os.link(database, aside)
    sqlite.sync(database.parent)
    _drop_sides(database)  # an old log would be played into the new file


def _drop_sides(database: Path) -> None:
    for side in SIDES:
        Path(f"{database}{side}").unlink(missing_ok=True)
