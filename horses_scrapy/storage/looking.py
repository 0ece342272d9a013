"""The database for those who take it as it is: nothing is made, nothing brought up to date."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection

from horses_scrapy.config import Settings
from horses_scrapy.errors import StoreError
from horses_scrapy.storage import migrate
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.engine import Store, address_of


@contextmanager
def stored(settings: Settings) -> Iterator[Store | None]:
    """None where there is none yet. Raises StoreError for an older one."""
    with closing(Store(address_of(settings), Limits(query_timeout=settings.database.query_timeout))) as store:
        yield store if _is_there(store, why=": a look changes nothing") else None


@contextmanager
def existing(settings: Settings, limits: Limits | None = None) -> Iterator[Store]:
    """Without `limits` no read has a time limit. Raises StoreError where there is none, or an older one."""
    with closing(Store(address_of(settings), limits)) as store:
        if not _is_there(store):
            raise StoreError(f"{store.shown}: there is no database; make one: scripts/db.py init")
        yield store


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """For what people read out: no statement takes longer than database.query_timeout."""
    with existing(settings, Limits(query_timeout=settings.database.query_timeout)) as store, store.read() as connection:
        yield connection


def _is_there(store: Store, why: str = "") -> bool:
    state = store.look()
    if state is not None and state.revision != migrate.HEAD:
        raise StoreError(
            f"{store.shown}: revision {state.revision} is older than this program's {migrate.HEAD}{why}; first: "
            "scripts/db.py upgrade"
        )
    return state is not None
