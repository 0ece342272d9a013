#!/usr/bin/env python
"""Start scrapyd with config/scrapyd.conf, the password SCRAPYD_PASSWORD, and the port of scrapyd.url."""

import argparse
import sys

import _command

from horses_scrapy.config import Settings
from horses_scrapy.node import daemon


def main(argv: list[str] | None = None) -> int:
    made = _command.parser("Starts scrapyd with config/scrapyd.conf, the password SCRAPYD_PASSWORD and our port.")
    return _command.run("run_scrapyd", made, _body, argv)


def _body(settings: Settings, _: argparse.Namespace) -> int:
    daemon.become_scrapyd(settings)


if __name__ == "__main__":
    sys.exit(main())
