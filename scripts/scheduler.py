#!/usr/bin/env python
"""Re-queues the tracks' spiders through scrapyd: slowly all day, quickly near the post.

Without a word it runs until it is stopped. plan: what today's configuration asks of each host. locks: who holds what.
lateness: how late polls were, stage by stage.
"""

import argparse
import logging
import sys
from types import TracebackType

import _command

from horses_scrapy import clock
from horses_scrapy.config import Settings
from horses_scrapy.scheduling import verbs
from horses_scrapy.updates import by_hand


def parser() -> argparse.ArgumentParser:
    made = _command.parser(__doc__ or "")
    made.add_argument("verb", nargs="?", choices=(verbs.RUN, *verbs.VERBS), default=verbs.RUN, help="default: run")
    how = made.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="crawl each enabled track once, wait for the end")
    how.add_argument("--failed-of", metavar="RUN", help="crawl again what failed with run 12, or in update u12")
    how.add_argument(
        "--standby", action="store_true", help="wait for the scheduler that runs, take over when it is gone"
    )
    how.add_argument(
        "--sample", action="store_true", help="a card of the synthetic tote, in a folder of its own, in two minutes"
    )
    made.add_argument(
        "--dry-run", "--test", action="store_true", help="say what would be done; write nothing, post nothing"
    )
    made.add_argument("--region", metavar="GB,IE", help="only tracks of these countries")
    made.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="let scrapyd come up first (default: 0)")
    made.add_argument("--next", action="store_true", help="plan: the next job of each track and update")
    made.add_argument("--since", type=float, metavar="HOURS", help="lateness: so far back (default: 24)")
    by_hand.options(made)
    return made


def main(argv: list[str] | None = None) -> int:
    return _command.run("scheduler", parser(), _body, argv)


def _body(settings: Settings, told: argparse.Namespace) -> int:
    if told.sample:
        from horses_scrapy.demo.__main__ import main as play  # noqa: PLC0415 - the simulator, for this alone

        return play([])
    sys.excepthook = _log_fatal
    return verbs.run(settings, clock.from_environment(), told, _command.flags(told))


def _log_fatal(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody expected belongs into the log too; Python ends with 1."""
    logging.getLogger("scheduler").critical("fatal", exc_info=(kind, error, trace))


if __name__ == "__main__":
    sys.exit(main())
