#!/usr/bin/env python
"""The live board and its API, until SIGTERM or SIGINT. Read-only; beyond loopback only with a key (API_KEY)."""

import argparse
import sys

import _command

from horses_scrapy.config import Settings
from horses_scrapy.web import service


def _body(settings: Settings, _arguments: argparse.Namespace) -> int:
    return service.run(settings)


if __name__ == "__main__":
    sys.exit(_command.run("serve", _command.parser(__doc__ or ""), _body))
