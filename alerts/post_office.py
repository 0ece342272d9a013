"""What scripts/mailer.py does: run, one flush, a look without sending, a test mail."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_string, policy
from email.utils import format_datetime
from types import FrameType
from typing import ClassVar

from alerts.amounts import is_address
from alerts.compose import to_wire
from alerts.mailer import Mailer
from alerts.outbox import Outbox
from alerts.smtp import Session
from horses_scrapy import clock
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import FATAL, OK, PARTIAL, ConfigError, HorsesError
from horses_scrapy.only_one import only_one
from horses_scrapy.storage.engine import Store, database_file, open_store

log = logging.getLogger(__name__)

LOCK_NAME = "mailer.lock"


class NotDelivered(HorsesError):
    """The mail server did not take a message; holds its words."""

    exit_code: ClassVar[int] = FATAL


def run(settings: Settings, *, once: bool, dry_run: bool, test_mail: str | None) -> int:
    """The exit code. Raises ConfigError without a usable sender or recipient."""
    now = clock.from_environment()
    if test_mail is not None:
        _sender(settings)
        return send_test(settings, test_mail, now)
    _sender(settings)
    _recipients(settings)
    if dry_run:
        return show_waiting(settings, now)
    with only_one(settings.state_dir / LOCK_NAME, "mailer"), _store(settings, now) as store:
        mailer = Mailer(store, settings.smtp, now)
        return flush_once(mailer) if once else run_until_signal(mailer, settings)


def flush_once(mailer: Mailer) -> int:
    """0 when nothing is left over, 4 when something is, 1 when the server refuses us."""
    report = mailer.once()
    log.info(
        "%s sent, %s given up, %s expired, %s for later", report.sent, report.dead, report.expired, mailer.unsent()
    )
    if report.stopped is not None and report.stopped.label == "config-error":
        return FATAL
    return PARTIAL if mailer.unsent() or report.dead else OK


def run_until_signal(mailer: Mailer, settings: Settings) -> int:
    smtp = settings.smtp
    stop = threading.Event()
    with _on_signal(stop.set):
        log.info("Mailing by %s:%s (%s) to %s", smtp.host, smtp.port, smtp.security, ", ".join(smtp.recipients))
        mailer.run(stop)
    log.info("Stopped; what was not sent is kept")
    return OK


def show_waiting(settings: Settings, now: Clock) -> int:
    """Print what a flush would send; opens no connection and writes nothing."""
    if not database_file(settings).exists():
        print(f"Nothing to send: there is no database at {database_file(settings)}")  # noqa: T201
        return OK
    with _store(settings, now) as store:
        outbox = Outbox(store, now, settings.smtp.sender)
        mails = [(group.recipient, mail.wire.decode("ascii")) for group, mail in outbox.preview()]
        mails += [(due.recipient, due.wire) for due in outbox.due()]
    for recipient, wire in mails:
        print(f"To {recipient}:\n{_readable(wire)}")  # noqa: T201
    print(f"{len(mails)} mails would be sent")  # noqa: T201
    return OK


def send_test(settings: Settings, address: str, now: Clock) -> int:
    """Send one short mail to an address. Raises NotDelivered with the server's reason."""
    if not is_address(address):
        raise ConfigError(f"--test-mail {address!r}: an e-mail address is expected, such as you@example.com")
    sender = settings.smtp.sender
    headers = {
        "From": sender,
        "To": address,
        "Subject": "horses_scrapy: a test mail",
        "Date": format_datetime(now.now()),
        "Message-ID": f"<test-{now.now_ms()}@{sender.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
    }
    wire = to_wire(headers, "Mail works: alerts will come from this address.\n")
    with Session(settings.smtp) as session:
        outcome = session.send(address, wire)
    if outcome.label != "accepted":
        raise NotDelivered(f"{settings.smtp.host}:{settings.smtp.port}: {outcome.label}: {outcome.reason}")
    log.info("Sent a test mail to %s", address)
    return OK


def _sender(settings: Settings) -> None:
    if not is_address(settings.smtp.sender):
        raise ConfigError(f"EMAIL_SENDER (smtp.sender): an e-mail address is expected, not {settings.smtp.sender!r}")


def _recipients(settings: Settings) -> None:
    bad = [address for address in settings.smtp.recipients if not is_address(address)]
    if bad or not settings.smtp.recipients:
        given = ", ".join(map(repr, bad)) or "nothing"
        raise ConfigError(f"EMAIL_RECIPIENT (smtp.recipients): e-mail addresses are expected, not {given}")


@contextmanager
def _store(settings: Settings, now: Clock) -> Iterator[Store]:
    store = open_store(settings, now)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _on_signal(act: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT act; the handlers of before are put back."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        act()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _readable(wire: str) -> str:
    message = message_from_string(wire, policy=policy.default)
    body = message.get_body(("plain",))
    text = "" if body is None else body.get_content()
    return f"Subject: {message['Subject']}\n\n{text}"
