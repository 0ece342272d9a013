"""What every script shares: --config and --log-level, logging, and errors turned into exit codes."""

import argparse
import sys
from collections.abc import Callable

from horses_scrapy import config, logs
from horses_scrapy.config import Settings
from horses_scrapy.errors import HorsesError

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

Body = Callable[[Settings, argparse.Namespace], int]


def parser(description: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--config", help="default: config/config.yaml, or HORSES_CONFIG")
    made.add_argument("--log-level", choices=LEVELS)
    return made


def flags(arguments: argparse.Namespace) -> dict[tuple[str, str], str]:
    """What the command line says instead of the files; a reload gives them again."""
    level = {("logging", "level"): arguments.log_level} if arguments.log_level else {}
    return level | ({("system", "dry_run"): "true"} if getattr(arguments, "dry_run", False) else {})


def run(name: str, made: argparse.ArgumentParser, body: Body, argv: list[str] | None = None) -> int:
    """Parse, load the configuration, set up logging, run; the exit code. Prints a HorsesError as one `error:` text."""
    arguments = made.parse_args(argv)
    redact = logs.Redact(())
    try:
        settings = config.load(arguments.config, flags=flags(arguments))
        redact = logs.Redact(logs.secrets_of(settings))
        logs.set_up(settings, name)
        return body(settings, arguments)
    except HorsesError as error:
        return _told(error, redact)


def plain(
    made: argparse.ArgumentParser, body: Callable[[argparse.Namespace], int], argv: list[str] | None = None
) -> int:
    """The same for what must run whatever the configuration says: without it, and without a log."""
    try:
        return body(made.parse_args(argv))
    except HorsesError as error:
        return _told(error, logs.Redact(()))


def _told(error: HorsesError, redact: logs.Redact) -> int:
    print(f"error: {redact.clean(str(error))}", file=sys.stderr)
    return error.exit_code
