"""The database of this installation: found, created, upgraded, and handed out for reading and writing."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from horses_scrapy.clock import VARIABLE, Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError, StoreError
from horses_scrapy.storage import migrate
from horses_scrapy.storage.address import Address, address_of
from horses_scrapy.storage.database import Dialect, Limits

__all__ = ["Moved", "Purpose", "Store", "address_of", "create", "downgrade", "open_store", "upgrade"]

Purpose = Literal["live", "demo", "replay", "sample"]
INIT, UPGRADE = "scripts/db.py init", "scripts/db.py upgrade"


@dataclass(frozen=True, slots=True)
class Moved:
    """A change of the revision. backup: the copy from before it, None where none was made."""

    before: str
    after: str
    backup: Path | None


class Store:
    """An open database. Safe to share between threads; open it after a fork, not before."""

    def __init__(self, address: Address, limits: Limits | None = None) -> None:
        self.address = address
        self.purpose = ""
        self._database = address.open(limits or Limits())

    @property
    def dialect(self) -> Dialect:
        return self.address.dialect

    @property
    def shown(self) -> str:
        """The file, or the server and its database: for messages."""
        return self.address.shown

    @property
    def path(self) -> Path | None:
        """The file of SQLite."""
        return self.address.path

    @contextmanager
    def write(self, *, beside: bool = False) -> Iterator[Connection]:
        """One transaction in the writers' turn: committed on leaving, rolled back on any error.

        beside: on PostgreSQL, beside other writers: for one statement that locks the rows that it changes.
        Raises StoreBusy where the turn does not come in time, StoreError where the database refuses.
        """
        with self._errors(), self._database.writing(beside=beside) as connection:
            yield connection

    @contextmanager
    def clear(self) -> Iterator[Connection]:
        """As write(), to take away rows after those that refer to them: on SQLite foreign keys are not looked after."""
        with self._errors(), self._database.clearing() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Each statement sees the newest commit. Waits for nobody; a write through it is refused."""
        with self._errors(), self._database.reading() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """As read(), but all statements see the same commit. Be quick: on SQLite the WAL grows meanwhile."""
        with self._errors(), self._database.snapshot() as connection:
            yield connection

    def version(self, connection: Connection) -> str:
        """Differs as soon as anything was committed: ask on one connection of read(), kept for that."""
        with self._errors():
            return self._database.version(connection)

    def banner(self) -> str:
        return f"{self._database.describe()}, {self.shown}"

    def close(self) -> None:
        self._database.close()

    def look(self) -> migrate.State | None:
        """What the database holds; None where it is absent or empty."""
        if not self.address.exists():
            return None
        with self.read() as connection:
            return self._look(connection)

    def bring_up_to_date(self, create_as: Purpose) -> None:
        """Create or upgrade where needed, and learn the purpose. Alembic is imported only if there is work to do.

        Raises StoreError where that is a command's business: on a server that several machines use.
        """
        state = self.look()
        if state is None or state.revision != migrate.HEAD:
            self._refuse_unasked(state)
            self.move(create_as=create_as)
            state = self.look()
        if state is None or state.purpose is None:
            raise StoreError(
                f"{self.shown}: has no purpose in its table meta: a copy that was not finished (run scripts/db.py copy again),"
                " or not a database of horses_scrapy"
            )
        self.purpose = state.purpose

    def move(self, revision: str | None = None, *, create_as: Purpose | None = None) -> Moved | None:
        """To a revision, else to the newest, after a backup; all of it or nothing. None where it was there already.

        Raises StoreError for an empty database that is not to be created.
        """
        target = migrate.HEAD if revision is None else revision
        with self._errors(), self._database.migrating() as connection:
            state = self._look(connection)
            if state is None:
                self._create(connection, create_as)
                return Moved("", migrate.HEAD, None)
            if state.revision == target:
                return None
            backup = self._database.back_up(state.revision)
            migrate.run_alembic(connection, "upgrade" if target > state.revision else "downgrade", target)
            return Moved(state.revision, target, backup)

    def _create(self, connection: Connection, create_as: Purpose | None) -> None:
        if create_as is None:
            raise StoreError(f"{self.shown}: holds no tables yet; make them: {INIT}")
        migrate.create(connection, create_as)

    def _look(self, connection: Connection) -> migrate.State | None:
        return migrate.look(connection, self.shown, self._database.tables(connection))

    def _refuse_unasked(self, state: migrate.State | None) -> None:
        if not self._database.made_by_command:
            return
        if state is None:
            raise StoreError(f"{self.shown}: holds no tables yet; make them: {INIT}")
        raise StoreError(
            f"{self.shown}: revision {state.revision} is older than this program's {migrate.HEAD}; "
            f"stop what uses it, make a backup, then: {UPGRADE}"
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._database.refusal(error) from error


def open_store(settings: Settings, now: Clock, *, create_as: Purpose = "live") -> Store:
    """The database that the settings name; one in a file is created as `create_as` if absent, upgraded if older.

    Raises ConfigError for a place that cannot be used and for a simulated clock on a live database, StoreError for one
    that is not ours, or newer, or on a server and not made yet or older.
    """
    address = address_of(settings)
    address.make_place()
    store = Store(address, Limits(query_timeout=settings.database.query_timeout))
    try:
        state = store.look()
        _refuse_simulated(now, store, create_as if state is None else state.purpose)
        store.bring_up_to_date(create_as)
        _refuse_simulated(now, store, store.purpose)  # another process may have made it meanwhile
    except BaseException:
        store.close()
        raise
    return store


# --- For scripts/db.py -----------------------------------------------------------------------------------------------


def create(address: Address, purpose: Purpose) -> None:
    """Raises StoreError where it holds tables already."""
    address.make_place()
    with closing(Store(address)) as store:
        state = store.look()
        if state is not None:
            raise StoreError(f"{store.shown}: exists already, at revision {state.revision}; to bring it up: {UPGRADE}")
        store.move(create_as=purpose)


def upgrade(address: Address) -> Moved | None:
    """To this program's revision; None where it has it already. Raises StoreError where there is no database."""
    with closing(Store(address)) as store:
        _refuse_absent(store)
        return store.move()


def downgrade(address: Address, revision: str) -> Moved | None:
    """To an older revision, for an older program; None where it has it already."""
    with closing(Store(address)) as store:
        if revision > _refuse_absent(store).revision:
            raise StoreError(f"{store.shown}: revision {revision} is not older; to bring it up: {UPGRADE}")
        return store.move(revision)


def _refuse_absent(store: Store) -> migrate.State:
    state = store.look()
    if state is None:
        raise StoreError(f"{store.shown}: there is no database; make one: {INIT}")
    return state


def _refuse_simulated(now: Clock, store: Store, purpose: str | None) -> None:
    if now.simulated and purpose == "live":
        raise ConfigError(
            f"{VARIABLE}: a simulated clock is refused on the live database {store.shown}; unset {VARIABLE}"
        )
