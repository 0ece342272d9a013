#!/usr/bin/env python
"""What the configuration says, where each value came from, and what is wrong with it."""

import argparse
import sys

import _command

from horses_scrapy.upkeep import configuration


def main(argv: list[str] | None = None) -> int:
    made = _command.parser("Shows the configuration that is in force, or everything that is wrong with it.")
    verbs = made.add_subparsers(dest="verb", required=True)
    show = verbs.add_parser("show", help="every value; secrets as ***")
    show.add_argument("section", nargs="?", help="only keys that begin so, such as smtp or tracks.demo")
    show.add_argument("--origin", action="store_true", help="and the file, line or variable that gave it")
    verbs.add_parser("check", help="all faults of config.yaml, tracks.yaml, alerts.yaml and the environment; exit 2")
    return _command.plain(made, _body, argv)


def _body(arguments: argparse.Namespace) -> int:
    flags = _command.flags(arguments)
    if arguments.verb == "check":
        return configuration.check(arguments.config, flags)
    return configuration.show(arguments.config, flags, origin=arguments.origin, section=arguments.section)


if __name__ == "__main__":
    sys.exit(main())
