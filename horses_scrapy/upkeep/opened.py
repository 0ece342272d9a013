"""The database as a command of upkeep opens it: it must be there and at our revision."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection

from horses_scrapy.config import Settings
from horses_scrapy.errors import StoreError
from horses_scrapy.storage import migrate
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.engine import Store, address_of


@contextmanager
def existing(settings: Settings, limits: Limits | None = None) -> Iterator[Store]:
    """Without `limits` no read has a time limit.

    Raises StoreError where there is none, or an older one: looking makes and changes nothing.
    """
    with closing(Store(address_of(settings), limits)) as store:
        state = store.look()
        if state is None:
            raise StoreError(f"{store.shown}: there is no database; make one: scripts/db.py init")
        if state.revision != migrate.HEAD:
            raise StoreError(
                f"{store.shown}: revision {state.revision} is older than this program's {migrate.HEAD}; first: "
                "scripts/db.py upgrade"
            )
        yield store


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """For what people read out: no statement takes longer than database.query_timeout."""
    with existing(settings, Limits(query_timeout=settings.database.query_timeout)) as store, store.read() as connection:
        yield connection
