"""db.py downgrade: to an older revision, for an older program, after a backup."""

import argparse

from horses_scrapy.config import Settings
from horses_scrapy.errors import OK
from horses_scrapy.storage.engine import address_of, downgrade
from horses_scrapy.upkeep.screen import say
from horses_scrapy.upkeep.upgrade import told


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "All of it or nothing, whenever it is ended; a database in a file is copied beside itself first."
    )
    parser.add_argument("revision", help="such as 0003; what it cannot hold is lost")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    address = address_of(settings)
    say(told(address.shown, arguments.revision, downgrade(address, arguments.revision)))
    return OK
