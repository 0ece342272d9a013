"""What scripts/mailer.py does: run, one flush, a look without sending, a test message."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from types import FrameType
from typing import ClassVar

from alerts.address import channel_of
from alerts.amounts import is_address
from alerts.channels.channel import Channel
from alerts.channels.registry import channels_of
from alerts.mailer import Mailer
from alerts.message import Notice
from alerts.outbox import Outbox
from alerts.rules import RuleSet
from alerts.setup import rules_of
from horses_scrapy import clock
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import FATAL, OK, PARTIAL, ConfigError, HorsesError
from horses_scrapy.only_one import only_one
from horses_scrapy.storage.engine import address_of, open_store

log = logging.getLogger(__name__)

LOCK_NAME = "mailer.lock"

Channels = Mapping[str, Channel]


class NotDelivered(HorsesError):
    """A server did not take a message; holds its words."""

    exit_code: ClassVar[int] = FATAL


def run(settings: Settings, *, once: bool, dry_run: bool, test_mail: str | None) -> int:
    """The exit code. Raises ConfigError without a usable sender, recipient or channel."""
    now = clock.from_environment()
    _sender(settings)
    if test_mail is not None:
        return send_test(settings, test_mail, now)
    rules = rules_of(settings)
    _recipients(settings, rules)
    channels = channels_of(settings, rules.delivery)
    if dry_run:
        return show_waiting(settings, rules, channels, now)
    with only_one(settings.state_dir / LOCK_NAME, "mailer"), closing(open_store(settings, now)) as store:
        mailer = Mailer(Outbox(store, now, rules.delivery, channels, rules), channels, now)
        return flush_once(mailer) if once else run_until_signal(mailer, settings, channels)


def flush_once(mailer: Mailer) -> int:
    """0 when nothing is left over, 4 when something is, 1 when a server refuses us."""
    report = mailer.once()
    left = mailer.unsent()
    log.info("%s sent, %s given up, %s expired, %s for later", report.sent, report.dead, report.expired, left)
    if any(outcome.label == "config-error" for outcome in report.stopped):
        return FATAL
    return PARTIAL if left or report.dead else OK


def run_until_signal(mailer: Mailer, settings: Settings, channels: Channels) -> int:
    stop = threading.Event()
    with _on_signal(stop.set):
        where = " and ".join(channel.where for channel in channels.values())
        log.info("Mailing by %s to %s", where, ", ".join(settings.smtp.recipients) or "those whom the rules name")
        mailer.run(stop)
    log.info("Stopped; what was not sent is kept")
    return OK


def show_waiting(settings: Settings, rules: RuleSet, channels: Channels, now: Clock) -> int:
    """Print what a flush would send; opens no connection and writes nothing."""
    address = address_of(settings)
    if not address.exists():
        print(f"Nothing to send: there is no database at {address.shown}")  # noqa: T201
        return OK
    with closing(open_store(settings, now)) as store:
        outbox = Outbox(store, now, rules.delivery, channels, rules)
        waiting = [(group.key.channel, group.recipient, made.wire) for group, made in outbox.preview()]
        waiting += [(name, due.recipient, due.wire) for name in channels for due in outbox.due(name)]
    for name, recipient, wire in waiting:
        channel = channels[name]
        print(f"To: {recipient}\nSubject: {channel.title(wire)}\n\n{channel.text(wire)}")  # noqa: T201
    print(f"{len(waiting)} messages would be sent")  # noqa: T201
    return OK


def send_test(settings: Settings, to: str, now: Clock) -> int:
    """Send a short message to a mail address or a channel of the rule file. Raises NotDelivered with the reason."""
    delivery = rules_of(settings).delivery
    if not is_address(to) and to not in delivery.channels:
        known = ", ".join(delivery.channels) or "none"
        raise ConfigError(f"{to!r}: a mail address is expected, such as you@example.com, or a channel; known: {known}")
    channel = channels_of(settings, delivery)[channel_of(to)]
    notice = Notice(
        key=f"test|{now.now_ms()}",
        subject="horses_scrapy: a test message",
        heading="It works: alerts will come this way.",
        lines=(),
    )
    with channel.session() as session:
        outcome = session.send(to, channel.notice(notice, to, now.now_ms()).wire)
    if outcome.label != "accepted":
        raise NotDelivered(f"{channel.where}: {outcome.label}: {outcome.reason}")
    log.info("Sent a test message to %s", to)
    return OK


def _sender(settings: Settings) -> None:
    if not is_address(settings.smtp.sender):
        raise ConfigError(f"EMAIL_SENDER (smtp.sender): an e-mail address is expected, not {settings.smtp.sender!r}")


def _recipients(settings: Settings, rules: RuleSet) -> None:
    """Some, unless the rule file names channels for those who want no mail."""
    bad = [address for address in settings.smtp.recipients if not is_address(address)]
    if bad or not (settings.smtp.recipients or rules.delivery.channels):
        given = ", ".join(map(repr, bad)) or "nothing"
        raise ConfigError(f"EMAIL_RECIPIENT (smtp.recipients): e-mail addresses are expected, not {given}")


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
