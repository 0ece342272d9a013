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


def run(name: str, made: argparse.ArgumentParser, body: Body, argv: list[str] | None = None) -> int:
    """Parse, load the configuration, set up logging, run; the exit code. Prints a HorsesError as one `error:` text."""
    arguments = made.parse_args(argv)
    flags = {("logging", "level"): arguments.log_level} if arguments.log_level else {}
    redact = logs.Redact(())
    try:
        settings = config.load(arguments.config, flags=flags)
        redact = logs.Redact(logs.secrets_of(settings))
        logs.set_up(settings, name)
        return body(settings, arguments)
    except HorsesError as error:
        print(f"error: {redact.clean(str(error))}", file=sys.stderr)
        return error.exit_code
