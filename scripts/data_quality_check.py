#!/usr/bin/env python
"""Is what is stored whole, and can it be true? Ends 5 where a check fails; warnings fail nothing."""

import argparse
import sys
from datetime import date

import _command

from horses_scrapy import clock
from horses_scrapy.config import Settings
from horses_scrapy.quality.run import DAYS, Question, run


def parser() -> argparse.ArgumentParser:
    made = _command.parser(__doc__ or "")
    first = made.add_mutually_exclusive_group()
    first.add_argument("--from", dest="first", type=_date, metavar="DATE", help="at the track")
    first.add_argument("--days", type=_positive, metavar="N", help=f"the last N days, today included (default: {DAYS})")
    first.add_argument("--race", type=_positive, metavar="ID", help="one race, as reports and views number it")
    made.add_argument(
        "--to", dest="last", type=_date, metavar="DATE", help="at the track, included (default: tomorrow)"
    )
    made.add_argument("--track", metavar="KEY", help="key or code (default: all)")
    made.add_argument(
        "--min-boards", type=_positive, metavar="K",
        help="a race that was run has at least so many (default: those of its last minutes)",
    )  # fmt: skip
    made.add_argument("--json", action="store_true", help="for programs, with more examples")
    return made


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: a date such as 2026-05-02 is expected") from error


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: a number from 1 is expected")
    return int(text)


def _body(settings: Settings, told: argparse.Namespace) -> int:
    question = Question(
        first=told.first,
        last=told.last,
        days=told.days,
        track=told.track,
        race_id=told.race,
        min_boards=told.min_boards,
    )
    return run(settings, clock.from_environment(), question, as_json=told.json)


if __name__ == "__main__":
    sys.exit(_command.run("data_quality_check", parser(), _body))
