"""What every check is given: the settings, the clock, and the database as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.looking import existing

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
        with existing(self.settings, Limits(deadline=WRITE_S, query_timeout=QUERY_S)) as store:
            yield store
