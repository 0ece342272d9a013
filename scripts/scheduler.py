#!/usr/bin/env python
"""Re-queue the tracks' spiders through scrapyd: slowly all day, quickly near the post."""

import argparse
import logging
import sys
from types import TracebackType

import _command

from horses_scrapy import clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, PARTIAL
from horses_scrapy.scheduling import dry_run, service


def main(argv: list[str] | None = None) -> int:
    made = _command.parser("Re-queues the tracks' spiders through scrapyd: slowly all day, quickly near the post.")
    how = made.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="crawl each enabled track once, wait for the end")
    how.add_argument("--dry-run", action="store_true", help="print what is due now; write nothing, post nothing")
    made.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="let scrapyd come up first (default: 0)")
    return _command.run("scheduler", made, _body, argv)


def _body(settings: Settings, arguments: argparse.Namespace) -> int:
    sys.excepthook = _log_fatal
    now = clock.from_environment()
    if arguments.dry_run:
        print("\n".join(dry_run.lines(settings, now)))
        return PARTIAL if settings.track_faults else OK
    run = service.once if arguments.once else service.serve
    return run(settings, now, wait=arguments.wait)


def _log_fatal(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody expected belongs into the log too; Python ends with 1."""
    logging.getLogger("scheduler").critical("fatal", exc_info=(kind, error, trace))


if __name__ == "__main__":
    sys.exit(main())
