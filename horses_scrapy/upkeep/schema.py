"""db.py schema: the SQL of the tables, indexes and views."""

import argparse
from pathlib import Path

from horses_scrapy.config import Settings
from horses_scrapy.errors import OK
from horses_scrapy.storage.upkeep import ddl
from horses_scrapy.upkeep.screen import say

FILE = Path(__file__).parents[2] / "docs" / "schema.sql"


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = "The SQL of a fresh SQLite database, as the migrations make it."
    parser.add_argument("--write", action="store_true", help="into docs/schema.sql, where a test expects it")


def run(settings: Settings, arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every verb takes them
    if not arguments.write:
        say(ddl.script().rstrip("\n"))
        return OK
    FILE.write_text(ddl.script(), encoding="utf-8")
    say(f"written: {FILE}")
    return OK
