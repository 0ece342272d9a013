"""db.py backup: a checked copy, made while others write; 7 daily and 4 weekly ones stay."""

import argparse
import re
from datetime import UTC, datetime
from pathlib import Path

from horses_scrapy import clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK
from horses_scrapy.storage.address import Address, PostgresServer
from horses_scrapy.storage.engine import address_of
from horses_scrapy.storage.looking import existing
from horses_scrapy.storage.upkeep import copies, server_copies
from horses_scrapy.upkeep.rotation import surplus
from horses_scrapy.upkeep.screen import say, size

STAMP = "%Y%m%dT%H%M%SZ"


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Into database.backup_dir, named by the instant (UTC). Of older ones the newest of each of the last 7 days and of"
        " the last 4 weeks stay."
    )


def run(settings: Settings, arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every verb takes them
    address = address_of(settings)
    with existing(settings):
        pass  # looking makes a copy of no empty or foreign file
    now = clock.from_environment().now()
    target = settings.backup_dir / f"{_stem(address)}-{now.strftime(STAMP)}{_suffix(address)}"
    if isinstance(address, PostgresServer):
        server_copies.back_up(address, target)
    else:
        copies.back_up(address.path, target)
    say(f"{target}: {size(target.stat().st_size)}, checked")
    for path in rotate(settings.backup_dir, _stem(address), _suffix(address), target):
        say(f"removed: {path}")
    return OK


def _stem(address: Address) -> str:
    if isinstance(address, PostgresServer):
        return str(address.url.database)
    return address.path.stem


def _suffix(address: Address) -> str:
    return ".dump" if isinstance(address, PostgresServer) else ".db"


def rotate(folder: Path, stem: str, suffix: str, newest: Path) -> list[Path]:
    """Removes what is too old, of files that we named; never `newest`."""
    named = re.compile(rf"{re.escape(stem)}-(\d{{8}}T\d{{6}}Z){re.escape(suffix)}")
    found = {path: named.fullmatch(path.name) for path in folder.iterdir()}
    made = {_instant(match[1]): path for path, match in found.items() if match is not None}
    gone = sorted(made[at] for at in surplus(made) if made[at] != newest)
    for path in gone:
        path.unlink()
    return gone


def _instant(text: str) -> datetime:
    return datetime.strptime(text, STAMP).replace(tzinfo=UTC)
