"""db.py upgrade: to this program's revision, after a backup."""

import argparse

from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, ConfigError
from horses_scrapy.storage import migrate
from horses_scrapy.storage.engine import Moved, address_of, upgrade
from horses_scrapy.upkeep.screen import say


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "All of it or nothing, whenever it is ended. A database in a file is copied beside itself first; of a server,"
        " make a backup yourself: scripts/db.py backup."
    )
    parser.add_argument("revision", nargs="?", help="default, and all that is possible: this program's own")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    wanted = arguments.revision
    if wanted not in {None, migrate.HEAD}:
        raise ConfigError(f"{wanted}: this program works at {migrate.HEAD} only; back to an older one: db.py downgrade")
    address = address_of(settings)
    say(told(address.shown, migrate.HEAD, upgrade(address)))
    return OK


def told(shown: str, revision: str, moved: Moved | None) -> str:
    if moved is None:
        return f"{shown}: is at revision {revision} already"
    copy = "no backup was made" if moved.backup is None else f"as it was before: {moved.backup}"
    return f"{shown}: from revision {moved.before} to {moved.after}; {copy}"
