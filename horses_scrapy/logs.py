"""Logging of the long-running processes: `LEVEL - message` on the console, everything in a dated file."""

import logging
import sys
from collections.abc import Iterable
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path

from horses_scrapy.config import Settings

CONSOLE = "%(levelname)s - %(message)s"
DETAILED = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
QUIET = ("urllib3", "twisted", "alembic", "asyncio")
BACKUPS = 14


class Redact(logging.Filter):
    """Replaces planted secrets in a record's final text, whoever logs it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = [secret for secret in secrets if secret]

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if any(secret in text for secret in self._secrets):
            for secret in self._secrets:
                text = text.replace(secret, "<secret>")
            record.msg, record.args = text, ()
        return True


def secrets_of(settings: Settings) -> list[str]:
    url = settings.system.database_url
    return [
        settings.smtp.password.get_secret_value(),
        settings.scrapyd.password.get_secret_value(),
        url.get_secret_value() if url is not None else "",
    ]


def set_up(settings: Settings, name: str) -> None:
    """Log to the console and to `<dir>/<name>.log`, rolled at midnight; `-` as the directory leaves the file out."""
    redact = Redact(secrets_of(settings))
    console = logging.StreamHandler(sys.stdout)
    console.setFormatter(logging.Formatter(CONSOLE))
    console.setLevel(settings.logging.level)
    handlers: list[logging.Handler] = [console]
    if settings.logging.dir != "-":
        handlers.append(_file(settings.home / settings.logging.dir, name))
    for handler in handlers:
        handler.addFilter(redact)
    logging.basicConfig(level=logging.DEBUG, handlers=handlers, force=True)
    for library in QUIET:
        logging.getLogger(library).setLevel(logging.WARNING)


def _file(folder: Path, name: str) -> logging.Handler:
    folder.mkdir(parents=True, exist_ok=True)
    handler = TimedRotatingFileHandler(folder / f"{name}.log", when="midnight", backupCount=BACKUPS, delay=True)
    handler.setFormatter(logging.Formatter(DETAILED))
    return handler
