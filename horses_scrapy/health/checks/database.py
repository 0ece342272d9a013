"""The database: that it takes a write, and that its pages are whole."""

import time

from horses_scrapy.errors import StoreError
from horses_scrapy.health.here import QUERY_S, Here
from horses_scrapy.health.result import Result, fail, ok, skipped, warn
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.health import note_check
from horses_scrapy.storage.upkeep.checks import RESTORE, pages_quickly

SLOW_MS = 1000
TIME_LIMIT = "took longer than"


def writable(here: Here) -> Result:
    """By a write that is committed, so that the disk is in it too; system.dry_run takes it back."""
    began = time.monotonic()
    with here.store() as store:
        _write(here, store)
        milliseconds = round((time.monotonic() - began) * 1000)
        told = f"{store.banner()}: a write took {milliseconds} ms"
    return (warn if milliseconds > SLOW_MS else ok)(told, write_ms=milliseconds)


def _write(here: Here, store: Store) -> None:
    with store.write() as connection:
        note_check(connection, here.clock.now_ms())
        if here.settings.system.dry_run:
            connection.rollback()


def sound(here: Here) -> Result:
    """Pages and rows, without each index against its table."""
    with here.store() as store:
        if store.dialect != "sqlite":
            return skipped("a server guards its own pages (pg_amcheck --all)")
        try:
            with store.read() as connection:
                faults = pages_quickly(connection)
        except StoreError as error:
            if TIME_LIMIT in str(error):
                return warn(f"too large to be read in {QUERY_S:g} s: let scripts/db.py check do it at night")
            raise
    return fail(f"{'; '.join(faults[:3])}: {RESTORE}", faults=faults) if faults else ok("pages and rows are whole")
