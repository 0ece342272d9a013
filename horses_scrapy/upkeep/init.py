"""db.py init: make the database, or say what there is."""

import argparse
from contextlib import closing

from horses_scrapy.config import Settings
from horses_scrapy.errors import OK
from horses_scrapy.storage import migrate
from horses_scrapy.storage.engine import Store, address_of, create
from horses_scrapy.upkeep.screen import say


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = "Makes the tables where there are none; else says what is there and changes nothing."


def run(settings: Settings, arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every verb takes them
    """Raises StoreError where other tables are there, or newer ones."""
    address = address_of(settings)
    with closing(Store(address)) as store:
        state = store.look()
    if state is None:
        create(address, "live")
        say(f"{address.shown}: made, revision {migrate.HEAD}")
        return OK
    say(f"{address.shown}: exists, revision {state.revision}, for {state.purpose} data{_newer(state.revision)}")
    return OK


def _newer(revision: str) -> str:
    return "" if revision == migrate.HEAD else f"; this program's is {migrate.HEAD}: scripts/db.py upgrade"
