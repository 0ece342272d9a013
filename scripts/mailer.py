#!/usr/bin/env python
"""Sends the alerts that wait in the database. One instance at a time; SIGTERM stops it after the message in flight."""

import argparse
import sys

import _command

from alerts import post_office
from horses_scrapy.config import Settings


def _parser() -> argparse.ArgumentParser:
    made = _command.parser(__doc__)
    what = made.add_mutually_exclusive_group()
    what.add_argument("--once", action="store_true", help="send what is due, then end (4: something is left)")
    what.add_argument(
        "--test-mail", metavar="TO", help="send one test message to an address or channel; the reason on failure"
    )
    made.add_argument("--dry-run", action="store_true", help="print what would be sent; connects to nothing")
    return made


def _body(settings: Settings, arguments: argparse.Namespace) -> int:
    return post_office.run(
        settings,
        once=arguments.once,
        dry_run=settings.system.dry_run,
        test_mail=arguments.test_mail,
        flags=_command.flags(arguments),
    )


if __name__ == "__main__":
    sys.exit(_command.run("mailer", _parser(), _body))
