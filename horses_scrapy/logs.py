"""Logging of the long-running processes: `LEVEL - message` on the console, everything in a dated file."""

import logging
import sys
from collections.abc import Iterable
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path
from urllib.parse import unquote, urlsplit

from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError

CONSOLE = "%(levelname)s - %(message)s"
DETAILED = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
QUIET = ("urllib3", "twisted", "alembic", "asyncio")
BACKUPS = 14


class Redact(logging.Filter):
    """Replaces planted secrets in a record's final text, its traceback and its stack, whoever logs it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def clean(self, text: str) -> str:
        for secret in self._secrets:  # the longest first: one may contain another
            text = text.replace(secret, "<secret>")
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.clean(_message(record)), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text and self.clean(record.exc_text) != record.exc_text:
            record.exc_text, record.exc_info = self.clean(record.exc_text), None
        if record.stack_info:
            record.stack_info = self.clean(record.stack_info)
        return True


def _message(record: logging.LogRecord) -> str:
    """A malformed call must neither stop its caller nor reach logging's own report, which prints arguments as they are."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args!r}"


def secrets_of(settings: Settings) -> list[str]:
    urls = (settings.system.database_url, settings.system.database_direct_url)
    return [
        settings.smtp.password.get_secret_value(),
        settings.scrapyd.password.get_secret_value(),
        *(secret for url in urls if url is not None for secret in _url_secrets(url.get_secret_value())),
        *_credentials(settings),
    ]


def _credentials(settings: Settings) -> list[str]:
    """Values of the variables that the sources' `auth` names; the path of a certificate is no secret."""
    return [value.get_secret_value() for value in settings.credentials.values()]


def _url_secrets(url: str) -> list[str]:
    """The URL, and its password alone, as written and decoded: a driver's error may quote either."""
    password = urlsplit(url).password or ""
    return [url, password, unquote(password)]


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
    quieten()


def quieten() -> None:
    """Libraries that tell their every step at INFO."""
    for library in QUIET:
        logging.getLogger(library).setLevel(logging.WARNING)


def _file(folder: Path, name: str) -> logging.Handler:
    path = folder / f"{name}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = TimedRotatingFileHandler(
            path, when="midnight", backupCount=BACKUPS, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); set logging.dir, or - for no file") from error
    handler.setFormatter(logging.Formatter(DETAILED))
    return handler
