"""Handlers of a process: its console, its dated file, and its errors."""

import logging
import sys
from pathlib import Path

from horses_scrapy.config import Settings
from horses_scrapy.logs import formats
from horses_scrapy.logs.context import Label
from horses_scrapy.logs.files import RollingFile
from horses_scrapy.logs.formats import CONSOLE, DETAILED
from horses_scrapy.logs.redaction import Redact, secrets_of

QUIET = (
    "urllib3", "requests", "twisted", "alembic", "asyncio", "apprise",
    "scrapy.addons", "scrapy.crawler", "scrapy.middleware", "scrapy.utils.log",  # what is switched on: settings.py says it
)  # fmt: skip
CONSOLE_ALONE = "-"
MEGABYTE = 1_000_000

logger = logging.getLogger(__name__)


def set_up(settings: Settings, name: str) -> None:
    """Log to the console and to <dir>/<name>_<yyyymmdd>.log, errors also to <dir>/<name>_errors.log; `-` as the directory
    leaves the files out.
    """
    told = settings.logging
    handlers = [
        _console(settings),
        *([] if told.dir == CONSOLE_ALONE else _files(settings, settings.home / told.dir, name)),
    ]
    redact = Redact(secrets_of(settings))
    for handler in handlers:
        handler.addFilter(Label())
        handler.addFilter(redact)
    logging.basicConfig(level=logging.DEBUG, handlers=handlers, force=True)
    quieten()
    logger.debug("Logging configured: level %s, folder %s", told.level, told.dir)


def _console(settings: Settings) -> logging.Handler:
    """For people; JSON only where it is all there is."""
    alone = settings.logging.dir == CONSOLE_ALONE
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formats.made(CONSOLE, settings.logging.format if alone else "text"))
    handler.setLevel(settings.logging.level)
    return handler


def _files(settings: Settings, folder: Path, name: str) -> list[logging.Handler]:
    told = settings.logging
    everything = RollingFile(folder, name, dated=True, max_bytes=told.megabytes * MEGABYTE, keep=told.keep)
    errors = RollingFile(
        folder, f"{name}_errors", dated=False, max_bytes=told.error_megabytes * MEGABYTE, keep=told.error_keep
    )
    errors.setLevel(logging.ERROR)
    for handler in (everything, errors):
        handler.setFormatter(formats.made(DETAILED, told.format))
    return [everything, errors]


def dress_job_log(handler: logging.Handler, settings: Settings, **fields: str | int) -> None:
    """A crawl's log is Scrapy's own: without secrets, every line about the crawl's run, JSON if that is asked for."""
    handler.addFilter(Label(**fields))
    handler.addFilter(Redact(secrets_of(settings)))
    if settings.logging.format == "json":
        handler.setFormatter(formats.JsonLines())


def quieten() -> None:
    """Libraries that tell their every step at INFO."""
    for library in QUIET:
        logging.getLogger(library).setLevel(logging.WARNING)
