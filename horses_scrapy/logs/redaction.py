"""No secret in any log, whoever writes it."""

import logging
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from horses_scrapy.config import Settings


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
    """Wherever they came from: a variable, a file or a command."""
    urls = (settings.system.database_url, settings.system.database_direct_url, settings.scheduler.ping_url)
    return [
        settings.smtp.password.get_secret_value(),
        settings.scrapyd.password.get_secret_value(),
        settings.api.key.get_secret_value(),
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
