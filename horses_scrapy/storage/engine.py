"""The database of this installation: found, created, upgraded, and handed out for reading and writing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sqlalchemy import URL, Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from horses_scrapy.clock import VARIABLE, Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError, StoreBusy, StoreError
from horses_scrapy.storage import migrate, sqlite
from horses_scrapy.storage.write_lock import DEADLINE, WriteLock

Purpose = Literal["live", "demo", "replay", "sample"]


class Store:
    """An open database. Safe to share between threads; open it after a fork, not before."""

    def __init__(self, path: Path, *, deadline: float = DEADLINE) -> None:
        self.path = path
        self.url = URL.create("sqlite", database=str(path)).render_as_string()
        self.purpose = ""
        self._lock = WriteLock(path, deadline)
        self._writer = sqlite.writer(path)
        self._reader = sqlite.reader(path)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction under the write lock: committed on leaving, rolled back on any error.

        Raises StoreBusy where the lock is not free in time, StoreError where the database refuses.
        """
        with self._errors(), self._lock.held(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Each statement sees the newest commit. Waits for nobody; a write through it is refused."""
        with self._errors(), self._reader.connect() as connection:
            yield connection

    def banner(self) -> str:
        return f"{sqlite.describe(sqlite.driver())}, {self.path}"

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()

    def bring_up_to_date(self, create_as: Purpose) -> None:
        """Create or upgrade where needed, and learn the purpose. Alembic is imported only if there is work to do."""
        state = self.look()
        if state is None or state.revision != migrate.HEAD:
            with self._errors(), self._lock.held():
                migrate.run(self._writer, self.path, self.look(), create_as)
            state = self.look()
        if state is None or state.purpose is None:
            raise StoreError(f"{self.path}: has no purpose in its table meta: not a database of horses_scrapy")
        self.purpose = state.purpose

    def look(self) -> migrate.State | None:
        """What the file holds; None where it is absent or empty."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return None
        with self.read() as connection:
            return migrate.look(connection, self.path)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            text = f"{self.path}: {error.orig}"
            if "database is locked" in text:
                raise StoreBusy(f"{text}: a program that does not take {self._lock.path} writes to it") from error
            raise StoreError(text) from error


def open_store(settings: Settings, now: Clock, *, create_as: Purpose = "live") -> Store:
    """The database that the settings name, created as `create_as` if absent, upgraded if older.

    Raises ConfigError for a place that cannot be used and for a simulated clock on a live database, StoreError for a
    file that is no database of ours or a newer one.
    """
    path = database_file(settings)
    _make_folder(path.parent)
    store = Store(path)
    try:
        state = store.look()
        _refuse_simulated(now, path, create_as if state is None else state.purpose)
        store.bring_up_to_date(create_as)
        _refuse_simulated(now, path, store.purpose)  # another process may have made it meanwhile
    except BaseException:
        store.close()
        raise
    return store


def database_file(settings: Settings) -> Path:
    """Absolute. `system.database_url` goes before `system.database_path`."""
    secret = settings.system.database_url
    if secret is None:
        return settings.database_path.absolute()
    try:
        url = make_url(secret.get_secret_value())
    except (ArgumentError, ValueError):
        # `from None`: the library's message repeats the URL, and with it a password.
        raise ConfigError("HORSES_DATABASE_URL: not a database URL; write sqlite:///<file>") from None
    if url.drivername != "sqlite" or url.host or url.query:
        raise ConfigError(f"HORSES_DATABASE_URL: {url.drivername} is not supported yet; write sqlite:///<file>")
    if not url.database or url.database == ":memory:":
        raise ConfigError("HORSES_DATABASE_URL: names no file; write sqlite:///<file>")
    return (settings.home / url.database).absolute()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder}: the database's folder cannot be made: {error.strerror}; set system.database_path or DB_PATH"
        ) from error


def _refuse_simulated(now: Clock, path: Path, purpose: str | None) -> None:
    if now.simulated and purpose == "live":
        raise ConfigError(f"{VARIABLE}: a simulated clock is refused on the live database {path}; unset {VARIABLE}")
