"""Mail: the channel that is always there."""

from collections.abc import Sequence
from email import message_from_string, policy
from email.message import EmailMessage

from alerts.address import MAIL
from alerts.channels.smtp import SmtpSession
from alerts.compose import compose, notice
from alerts.message import Composed, Notice, Told
from alerts.mute_link import Links
from horses_scrapy.config.model import Smtp
from horses_scrapy.storage.outbox_rows import EVERYBODY, Whose


class MailChannel:
    """One server takes the mail of all recipients."""

    name = MAIL
    lanes: Sequence[Whose] = (EVERYBODY,)

    def __init__(self, smtp: Smtp, links: Links | None = None) -> None:
        self._smtp = smtp
        self._links = links

    @property
    def where(self) -> str:
        return f"{self._smtp.host}:{self._smtp.port} ({self._smtp.security})"

    def compose(self, alerts: Sequence[Told], recipient: str, now_ms: int) -> Composed:
        return compose(alerts, sender=self._smtp.sender, recipient=recipient, now_ms=now_ms, links=self._links)

    def notice(self, notice_: Notice, recipient: str, now_ms: int) -> Composed:
        return notice(notice_, sender=self._smtp.sender, recipient=recipient, now_ms=now_ms)

    def session(self) -> SmtpSession:
        return SmtpSession(self._smtp)

    def title(self, wire: str) -> str:
        head = wire.partition("\r\n\r\n")[0]
        return next((line.partition(": ")[2] for line in head.split("\r\n") if line.startswith("Subject: ")), "")

    def text(self, wire: str) -> str:
        message = message_from_string(wire, EmailMessage, policy=policy.default)
        body = message.get_body(("plain",))
        return "" if body is None else str(body.get_content())
