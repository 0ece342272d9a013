#!/usr/bin/env python
"""The database: make it, check it, move it between revisions and servers, back it up, thin it, read it out."""

import argparse
import sys

import _command

from horses_scrapy.config import Settings
from horses_scrapy.errors import OK
from horses_scrapy.storage.engine import address_of
from horses_scrapy.upkeep import (
    analyze,
    backup,
    check,
    copy,
    downgrade,
    drift,
    export,
    init,
    prune,
    restore,
    schema,
    stats,
    upgrade,
)

VERBS = {
    "init": (init, "make the tables, or say what there is"),
    "schema": (schema, "the SQL of all tables, indexes and views"),
    "check": (check, "whether it is whole and says one thing; 5 if not"),
    "upgrade": (upgrade, "to this program's revision, after a backup"),
    "downgrade": (downgrade, "to an older revision, after a backup"),
    "backup": (backup, "a checked copy; 7 daily and 4 weekly ones stay"),
    "restore": (restore, "a backup takes its place; it is moved aside"),
    "prune": (prune, "thin the boards of old races"),
    "stats": (stats, "rows and bytes by table, by day, in 30 days"),
    "export": (export, "CSV, JSON lines or Parquet"),
    "drift": (drift, "how far odds move until the final ones"),
    "copy": (copy, "into another database, or on to a server"),
    "analyze": (analyze, "fresh statistics for the query planner"),
}

OWN = frozenset({"prune", "copy"})
"""Their dry run counts."""
WOULD = {
    "init": "make the tables in {place}",
    "upgrade": "bring {place} to this program's revision, after a backup",
    "downgrade": "take {place} back to {told.revision}, after a backup",
    "backup": "copy {place} into {settings.backup_dir}",
    "restore": "put {told.file} in the place of {place}, and move that aside",
    "analyze": "gather statistics in {place}",
}


def _parser() -> argparse.ArgumentParser:
    made = _command.parser(__doc__ or "")
    verbs = made.add_subparsers(metavar="COMMAND", required=True)
    for name, (module, words) in VERBS.items():
        verb = verbs.add_parser(name, help=words)
        module.describe(verb)
        if name in WOULD:
            verb.add_argument("--dry-run", action="store_true", help="say what would be done; change nothing")
        verb.set_defaults(act=module.run, verb=name)
    return made


def _body(settings: Settings, told: argparse.Namespace) -> int:
    if settings.system.dry_run and told.verb in WOULD:
        print("Would " + WOULD[told.verb].format(place=address_of(settings).shown, told=told, settings=settings))
        return OK
    if told.verb in OWN:
        told.dry_run = settings.system.dry_run
    code: int = told.act(settings, told)
    return code


if __name__ == "__main__":
    sys.exit(_command.run("db", _parser(), _body))
