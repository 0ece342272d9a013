#!/usr/bin/env python
"""The live board and its API, until SIGTERM or SIGINT. Read-only; beyond this machine only with a key (API_KEY)."""

import argparse
import sys

import _command

from horses_scrapy.config import Settings
from horses_scrapy.web import service


def _parser() -> argparse.ArgumentParser:
    made = _command.parser(__doc__ or "")
    made.add_argument(
        "--wait", type=float, default=0, metavar="SECONDS", help="let the database be made first (default: 0)"
    )
    return made


def _body(settings: Settings, told: argparse.Namespace) -> int:
    return service.run(settings, wait=told.wait)


if __name__ == "__main__":
    sys.exit(_command.run("serve", _parser(), _body))
