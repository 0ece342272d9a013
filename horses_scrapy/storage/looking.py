"""The database for those who only look: nothing is made, nothing brought up to date."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from horses_scrapy.config import Settings
from horses_scrapy.errors import StoreError
from horses_scrapy.storage import migrate
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.engine import Store, address_of


@contextmanager
def stored(settings: Settings) -> Iterator[Store | None]:
    """None where there is none yet. Raises StoreError for an older one."""
    with closing(Store(address_of(settings), Limits(query_timeout=settings.database.query_timeout))) as store:
        state = store.look()
        if state is not None and state.revision != migrate.HEAD:
            raise StoreError(
                f"{store.shown}: revision {state.revision} is older than this program's {migrate.HEAD}: a look changes"
                " nothing; first: scripts/db.py upgrade"
            )
        yield None if state is None else store
