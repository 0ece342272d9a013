"""db.py downgrade: to an older revision, for an older program, after a backup."""

import argparse

from horses_scrapy.config import Settings
from horses_scrapy.errors import OK
from horses_scrapy.storage.engine import address_of, downgrade
from horses_scrapy.upkeep.screen import say
from horses_scrapy.upkeep.upgrade import copy_server, describe_backup, told


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = "All of it or nothing, whenever it is ended; after a copy, as db.py upgrade makes one."
    parser.add_argument("revision", help="such as 0003; what it cannot hold is lost")
    describe_backup(parser)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    address = address_of(settings)
    if not arguments.no_backup:
        copy_server(settings, address, arguments.revision)
    say(told(address.shown, arguments.revision, downgrade(address, arguments.revision)))
    return OK
