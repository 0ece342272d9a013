"""What scripts/mailer.py does: run, one flush, a look without sending, a test message."""

import logging
from collections.abc import Mapping
from contextlib import closing
from typing import ClassVar

from alerts.address import channel_of
from alerts.amounts import is_address
from alerts.channels.channel import Channel
from alerts.channels.registry import channels_of
from alerts.mailer import Mailer
from alerts.message import Notice
from alerts.outbox import Outbox
from alerts.rules import RuleSet
from alerts.service import Office, serve
from alerts.setup import rules_of
from horses_scrapy import clock
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.config.load import Flags
from horses_scrapy.errors import FATAL, OK, PARTIAL, ConfigError, HorsesError
from horses_scrapy.only_one import only_one
from horses_scrapy.storage.engine import address_of, open_store
from horses_scrapy.storage.looking import stored

log = logging.getLogger(__name__)

LOCK_NAME = "mailer.lock"

Channels = Mapping[str, Channel]


class NotDelivered(HorsesError):
    """A server did not take a message; holds its words."""

    exit_code: ClassVar[int] = FATAL


def run(settings: Settings, *, once: bool, dry_run: bool, test_mail: str | None, flags: Flags | None = None) -> int:
    """The exit code; flags: of the command line, for a reload. Raises ConfigError without a usable sender, recipient or channel."""
    now = clock.from_environment()
    if test_mail is not None:
        _sender(settings)
        return send_test(settings, test_mail, now)
    office = office_of(settings)
    if dry_run:
        return show_waiting(settings, office.rules, office.channels, now)
    with only_one(settings.state_dir / LOCK_NAME, "mailer"), closing(open_store(settings, now)) as store:
        return flush_once(office.mailer(store, now)) if once else serve(office, store, now, office_of, flags)


def office_of(settings: Settings) -> Office:
    """Raises ConfigError without a usable sender, recipient or channel."""
    _sender(settings)
    rules = rules_of(settings)
    _recipients(settings, rules)
    return Office(settings, rules, channels_of(settings, rules.delivery))


def flush_once(mailer: Mailer) -> int:
    """0 when nothing is left over, 4 when something is, 1 when a server refuses us."""
    report = mailer.once()
    left = mailer.unsent()
    log.info("%s sent, %s given up, %s expired, %s for later", report.sent, report.dead, report.expired, left)
    if any(outcome.label == "config-error" for outcome in report.stopped):
        return FATAL
    return PARTIAL if left or report.dead else OK


def show_waiting(settings: Settings, rules: RuleSet, channels: Channels, now: Clock) -> int:
    """Print what a flush would send; opens no connection and writes nothing."""
    with stored(settings) as store:
        if store is None:
            print(f"Nothing to send: there is no database at {address_of(settings).shown}")  # noqa: T201
            return OK
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
    if settings.system.dry_run:
        print(f"Would send a test message to {to}, {channel.where}")  # noqa: T201
        return OK
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
