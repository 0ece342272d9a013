#!/usr/bin/env python
"""Is everything well? Each check does what it is about. Ends 5 where one fails; a warning fails nothing."""

import argparse
import sys

import _command

from horses_scrapy import clock, config
from horses_scrapy.health import report


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--config", help="default: config/config.yaml, or HORSES_CONFIG")
    made.add_argument("--json", action="store_true", help="for programs, with figures")
    made.add_argument(
        "--check", action="append", choices=tuple(report.CHECKS), metavar="NAME",
        help=f"only this one; can be repeated: {', '.join(report.CHECKS)}",
    )  # fmt: skip
    return made


def _body(arguments: argparse.Namespace) -> int:
    settings = config.load(arguments.config)
    return report.run(settings, clock.from_environment(), arguments.check or (), as_json=arguments.json)


if __name__ == "__main__":
    # Without a log: a full disk or a folder of another user's must not keep it from telling so.
    sys.exit(_command.plain(_parser(), _body))
