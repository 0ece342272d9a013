"""The database as a tool opens it: it must be there, and others may be writing."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError
from horses_scrapy.storage.engine import Store, address_of, open_store


@contextmanager
def opened(settings: Settings, now: Clock) -> Iterator[Store]:
    """Raises ConfigError where there is no database: looking makes none."""
    address = address_of(settings)
    if not address.exists():
        raise ConfigError(
            f"{address.shown}: there is no database; nothing was crawled yet, or system.database_path names another"
        )
    with closing(open_store(settings, now)) as store:
        yield store


@contextmanager
def reading(settings: Settings, now: Clock) -> Iterator[Connection]:
    """A connection that refuses to write."""
    with opened(settings, now) as store, store.read() as connection:
        yield connection
