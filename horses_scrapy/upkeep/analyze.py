"""db.py analyze: fresh statistics for the query planner."""

import argparse

from horses_scrapy.config import Settings
from horses_scrapy.errors import OK
from horses_scrapy.storage.looking import existing
from horses_scrapy.storage.upkeep.analyzing import analyze
from horses_scrapy.upkeep.screen import say


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = "Statistics for the query planner, from a sample of each index; takes well under a second."


def run(settings: Settings, arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every verb takes them
    with existing(settings) as store:
        analyze(store)
        say(f"{store.shown}: analysed")
    return OK
