"""What every check is given: the settings, the clock, and the database as it is."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import StoreError
from horses_scrapy.storage import migrate
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.engine import Store, address_of

QUERY_S = 8.0
WRITE_S = 5.0
"""A writer holds its turn for a fraction of a second."""


@dataclass(frozen=True, slots=True)
class Here:
    settings: Settings
    clock: Clock

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Raises StoreError where there is none or an older one: looking makes and changes nothing."""
        with closing(Store(address_of(self.settings), Limits(deadline=WRITE_S, query_timeout=QUERY_S))) as store:
            state = store.look()
            if state is None:
                raise StoreError(f"{store.shown}: there is no database; make one: scripts/db.py init")
            if state.revision != migrate.HEAD:
                raise StoreError(
                    f"{store.shown}: revision {state.revision} is older than this program's {migrate.HEAD}; first: "
                    "scripts/db.py upgrade"
                )
            yield store
