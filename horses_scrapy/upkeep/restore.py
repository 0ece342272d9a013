"""db.py restore: a backup takes the place of the database, which is moved aside."""

import argparse
from pathlib import Path

from horses_scrapy import clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, ConfigError
from horses_scrapy.storage.address import PostgresServer
from horses_scrapy.storage.engine import address_of
from horses_scrapy.storage.upkeep import copies, server_copies
from horses_scrapy.upkeep.backup import STAMP
from horses_scrapy.upkeep.screen import say


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Checks the backup first; refuses while a program has the database open; deletes nothing. A database in a file"
        " only: for a server the command is printed."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="of scripts/db.py backup, or a .bak of an upgrade")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    address = address_of(settings)
    backup = arguments.file.absolute()
    if isinstance(address, PostgresServer):
        raise ConfigError(f"{address.shown}: stop what uses it, then run: {server_copies.way_back(address, backup)}")
    made, state = copies.fetched(backup, address.path)
    stamp = clock.from_environment().now().strftime(STAMP)
    aside = address.path.with_name(f"{address.path.name}.before-restore-{stamp}")
    try:
        existed = copies.put_in_place(made, address.path, aside)
    finally:
        made.unlink(missing_ok=True)
    say(f"{address.shown}: restored from {backup}, revision {state.revision}, for {state.purpose} data")
    say(f"the database of before: {aside}" if existed else "there was no database before")
    return OK
