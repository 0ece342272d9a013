"""Slack, Telegram, webhooks and whatever else apprise knows, each by a URL that the environment holds.

Its wire is JSON, {"title": .., "body": ..}. apprise tells little of a failure, so each one is charged to the message.
"""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import SecretStr

from alerts.address import APPRISE
from alerts.channels.short_text import body_of, rank
from alerts.mail.subject import subject_of
from alerts.mail.view import safe
from alerts.message import Composed, Notice, Told
from alerts.outcome import Outcome
from horses_scrapy.errors import ConfigError
from horses_scrapy.storage.outbox_rows import Whose

TOTAL_TIMEOUT = 30.0
"""Seconds for one message, whatever the service does."""


class AppriseChannel:
    """urls: name of a channel -> apprise URL. Every name is a lane: one service that hangs keeps up no other.

    Raises ConfigError for URLs that apprise does not understand.
    """

    name = APPRISE

    def __init__(self, urls: Mapping[str, SecretStr], timeout: float = TOTAL_TIMEOUT) -> None:
        self._services = services_of(urls)
        self._timeout = timeout

    @property
    def lanes(self) -> Sequence[Whose]:
        names = tuple(self._services)
        return (*(Whose(only=name) for name in names), Whose(but=names))

    @property
    def where(self) -> str:
        return f"apprise ({', '.join(self._services) or 'no channel'})"

    def compose(self, alerts: Sequence[Told], recipient: str, now_ms: int) -> Composed:  # noqa: ARG002 (no date in it)
        key = _digest(*sorted(alert.key for alert in alerts), recipient)
        details = sorted((safe(alert.detail) for alert in alerts), key=rank)
        return _composed(key, subject_of(details), body_of(details))

    def notice(self, notice: Notice, recipient: str, now_ms: int) -> Composed:  # noqa: ARG002 (no date in it)
        return _composed(_digest(notice.key, recipient), notice.subject, "\n".join((notice.heading, *notice.lines)))

    def session(self) -> "AppriseSession":
        return AppriseSession(self._services, self._timeout)

    def title(self, wire: str) -> str:
        return str(json.loads(wire)["title"])

    def text(self, wire: str) -> str:
        return str(json.loads(wire)["body"])


class AppriseSession:
    """No connection is kept: apprise opens its own for each message."""

    def __init__(self, services: Mapping[str, Any], timeout: float) -> None:
        self._services = services
        self._timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def send(self, recipient: str, wire: str) -> Outcome:
        service = self._services.get(recipient)
        if service is None:
            return Outcome("recipient-dead", None, f"delivery.channels of the rule file has no {recipient!r} any more")
        told = json.loads(wire)
        return _outcome(service.notify(title=told["title"], body=told["body"], timeout=self._timeout), self._timeout)


def _outcome(result: Any, timeout: float) -> Outcome:
    """Of an AppriseResult. Its logs are not quoted: they may hold the URL, and with it a token."""
    if result:
        return Outcome("accepted", None, "")
    if result.status.name == "TIMEOUT":  # it may have arrived all the same
        return Outcome("in-doubt", None, f"no answer within {timeout:g} s")
    return Outcome("transient-message", None, "the service did not take it; apprise says no more")


def services_of(urls: Mapping[str, SecretStr]) -> dict[str, Any]:
    """An apprise object for each name. Raises ConfigError that names those whose URL is not understood."""
    if not urls:
        return {}
    import apprise  # noqa: PLC0415 (0.3 s, and most have mail only)

    # What it logs may hold URLs, and with them tokens: the outcome says what is needed.
    logging.getLogger("apprise").disabled = True
    made = {name: apprise.Apprise() for name in urls}
    bad = [name for name, url in urls.items() if not made[name].add(url.get_secret_value())]
    if bad:
        raise ConfigError(
            "\n".join(f"channel {name}: its variable holds no URL that apprise understands" for name in bad)
        )
    return made


def _composed(key: str, title: str, body: str) -> Composed:
    wire = json.dumps({"title": title, "body": body}, ensure_ascii=True)
    return Composed(message_id=f"<{key}@apprise>", subject=title, wire=wire)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
