#!/usr/bin/env python
"""The database: make it, check it, move it between revisions and servers, back it up, thin it, read it out."""

import argparse
import sys

import _command

from horses_scrapy.config import Settings
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


def _parser() -> argparse.ArgumentParser:
    made = _command.parser(__doc__ or "")
    verbs = made.add_subparsers(metavar="COMMAND", required=True)
    for name, (module, words) in VERBS.items():
        verb = verbs.add_parser(name, help=words)
        module.describe(verb)
        verb.set_defaults(act=module.run)
    return made


def _body(settings: Settings, told: argparse.Namespace) -> int:
    code: int = told.act(settings, told)
    return code


if __name__ == "__main__":
    sys.exit(_command.run("db", _parser(), _body))
