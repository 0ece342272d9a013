"""db.py check: whether the database is whole and says one thing."""

import argparse
from collections.abc import Mapping

from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, UNHEALTHY, StoreBroken
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.looking import existing
from horses_scrapy.storage.upkeep import checks
from horses_scrapy.storage.upkeep.checks import Check
from horses_scrapy.upkeep.screen import say


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Pages and parents of all rows (SQLite; a server guards its own), the newest odds against the history, the form"
        " of pools and pair prices. Writers go on meanwhile. Ends 5 with a fault."
    )
    parser.add_argument("--quick", action="store_true", help="leave out what reads every index: half the time")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    try:
        with existing(settings) as store:
            return _checked(store, _chosen(store, quick=arguments.quick))
    except StoreBroken as error:
        say(f"BROKEN  {error}\n        to do: {checks.RESTORE}")
        return UNHEALTHY


def _chosen(store: Store, *, quick: bool) -> Mapping[str, Check]:
    if store.dialect != "sqlite":
        return checks.EVERY
    return {**(checks.SQLITE_QUICK if quick else checks.SQLITE), **checks.EVERY}


def _checked(store: Store, chosen: Mapping[str, Check]) -> int:
    found = 0
    for name, check in chosen.items():
        with store.read() as connection:
            faults = check.find(connection)
        found += len(faults)
        say(f"{'FAULT' if faults else 'ok'}  {name}")
        for fault in faults:
            say(f"       {fault}")
        if faults:
            say(f"       to do: {check.todo}")
    if store.dialect != "sqlite":
        say("--  pages and parents: the server enforces foreign keys itself; its pages: pg_amcheck --all")
    say(f"{store.shown}: {'sound' if not found else f'{found} faults'}")
    return UNHEALTHY if found else OK
