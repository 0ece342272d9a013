"""db.py upgrade: to this program's revision, after a backup."""

import argparse
from contextlib import closing

from horses_scrapy import clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, ConfigError
from horses_scrapy.storage import migrate
from horses_scrapy.storage.address import Address, PostgresServer
from horses_scrapy.storage.engine import Moved, Store, address_of, upgrade
from horses_scrapy.storage.upkeep import server_copies
from horses_scrapy.upkeep.backup import STAMP
from horses_scrapy.upkeep.screen import say


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "All of it or nothing, whenever it is ended. First a copy: of a database in a file beside it, of a server's in"
        " database.backup_dir."
    )
    parser.add_argument("revision", nargs="?", help="default, and all that is possible: this program's own")
    describe_backup(parser)


def describe_backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-backup", action="store_true", help="of a server that you have backed up yourself")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    wanted = arguments.revision
    if wanted not in {None, migrate.HEAD}:
        raise ConfigError(f"{wanted}: this program works at {migrate.HEAD} only; back to an older one: db.py downgrade")
    address = address_of(settings)
    if not arguments.no_backup:
        copy_server(settings, address, migrate.HEAD)
    say(told(address.shown, migrate.HEAD, upgrade(address)))
    return OK


def copy_server(settings: Settings, address: Address, revision: str) -> None:
    """Before it goes to another revision; `rotate` of db.py backup leaves such a copy alone."""
    if not isinstance(address, PostgresServer):
        return
    with closing(Store(address)) as store:
        state = store.look()
    if state is None or state.revision == revision:
        return
    stamp = clock.from_environment().now().strftime(STAMP)
    target = settings.backup_dir / f"{address.url.database}-{state.revision}-before-{revision}-{stamp}.dump"
    server_copies.back_up(address, target)
    say(f"as it was before: {target}")


def told(shown: str, revision: str, moved: Moved | None) -> str:
    if moved is None:
        return f"{shown}: is at revision {revision} already"
    copy = "" if moved.backup is None else f"; as it was before: {moved.backup}"
    return f"{shown}: from revision {moved.before} to {moved.after}{copy}"
