"""The options of `scripts/scheduler.py --update`; scheduling/update_now.py does what they ask for."""

import argparse
from collections.abc import Sequence
from dataclasses import fields

from horses_scrapy.errors import ConfigError
from horses_scrapy.updates.catalogue import MOST_DAYS, NAMES, Options, check, flag

_HELP = {
    "days_ahead": f"daily_data: cards of today and so many days ahead (0 to {MOST_DAYS})",
    "days_back": "daily_data, weekly_reconciliation, historical_sync: so many past days",
    "weekly": "daily_data: results of the last 7 days (= --days-back 7 --results-only)",
    "racecards_only": "daily_data: only the cards ahead",
    "results_only": "daily_data, live_data: only results",
    "races_only": "live_data: only the boards",
    "courses_only": "reference_data: only tracks and their pools",
    "bookmakers_only": "reference_data: only bookmakers",
}


def options(parser: argparse.ArgumentParser) -> None:
    """--update, --force-all and the options of single updates."""
    group = parser.add_argument_group("updates now, whatever their cron expressions say")
    group.add_argument("--update", action="append", metavar="NAME", default=[], help=f"one of {', '.join(NAMES)}")
    group.add_argument("--force-all", action="store_true", help="each enabled update, one after the other")
    for option, text in _HELP.items():
        name = flag(option)
        if option.startswith("days_"):
            group.add_argument(name, type=int, metavar="N", help=text)
        else:
            group.add_argument(name, action="store_true", help=text)


def options_of(arguments: argparse.Namespace) -> Options:
    return Options(**{one.name: getattr(arguments, one.name) for one in fields(Options)})


def asked(arguments: argparse.Namespace, enabled: Sequence[str]) -> tuple[str, ...]:
    """The updates that the options name, and `enabled` for --force-all; none where no update is asked for.

    Raises ConfigError for names and options that do not fit.
    """
    names = tuple(dict.fromkeys([*arguments.update, *(enabled if arguments.force_all else ())]))
    given = options_of(arguments)
    check(names, given)
    if given.given and not names:
        raise ConfigError(f"{flag(given.given[0])} belongs to an update: add --update NAME ({', '.join(NAMES)})")
    return names
