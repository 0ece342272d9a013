"""A real SMTP server on loopback that keeps what it accepted."""

from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Mailbox:
    """Every mail that the server answered with 250, in order.

    Without slots: aiosmtpd reads every member of its handler, and Python 3.11.2 cannot read the __weakref__ of a slotted one.
    """

    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=default))
        return "250 kept"


@dataclass
class MailServer:
    """The server in a thread of its own; can be stopped and started again."""

    mailbox: Mailbox
    port: int
    _controller: Controller | None = None

    def start(self) -> None:
        self.stop()
        self._controller = Controller(self.mailbox, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None
