"""Whether anything was committed since: what was read under a version is what would be read now under the same one."""

import threading
from contextlib import ExitStack

from sqlalchemy import Connection

from horses_scrapy.errors import StoreError
from horses_scrapy.storage.engine import Store


class Version:
    """Asks on a connection of its own, opened anew after it failed. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._held = ExitStack()
        self._connection: Connection | None = None
        self._opened = 0

    def now(self) -> str:
        """Raises StoreError where the database does not answer."""
        with self._lock:
            try:
                return self._ask()
            except StoreError:
                self._let_go()
                return self._ask()

    def close(self) -> None:
        with self._lock:
            self._let_go()

    def _ask(self) -> str:
        if self._connection is None:
            self._connection = self._held.enter_context(self._store.read())
            self._opened += 1
        return f"{self._opened}:{self._store.version(self._connection)}"

    def _let_go(self) -> None:
        self._connection = None
        self._held.close()
