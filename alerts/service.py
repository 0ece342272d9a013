"""The mailer as a service: it works until a signal, and begins anew with what the files say on SIGHUP."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from alerts.channels.channel import Channel
from alerts.mailer import Mailer
from alerts.outbox import Outbox
from alerts.rules import RuleSet
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.config.load import Flags
from horses_scrapy.config.reload import reloaded
from horses_scrapy.errors import OK, ConfigError
from horses_scrapy.storage.engine import Store
from horses_scrapy.supervise import notify
from horses_scrapy.supervise.dead_man import of_mailer
from horses_scrapy.supervise.heartbeat import Heartbeat

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Office:
    """What a mailer works with, as the files said when they were read."""

    settings: Settings
    rules: RuleSet
    channels: Mapping[str, Channel]

    @property
    def sends(self) -> str:
        where = " and ".join(channel.where for channel in self.channels.values())
        return f"Mailing by {where} to {', '.join(self.settings.smtp.recipients) or 'those whom the rules name'}"

    def mailer(self, store: Store, now: Clock) -> Mailer:
        outbox = Outbox(store, now, self.rules.delivery, self.channels, self.rules)
        return Mailer(outbox, self.channels, now)


class Asked:
    """What signals asked for. `ends_run` ends the run of the present mailer."""

    def __init__(self) -> None:
        self.stop = False
        self.ends_run = threading.Event()

    def to_stop(self) -> None:
        self.stop = True
        self.ends_run.set()

    def to_reload(self) -> None:
        self.ends_run.set()


def serve(office: Office, store: Store, now: Clock, make: Callable[[Settings], Office], flags: Flags | None) -> int:
    """Until SIGTERM or SIGINT; the exit code. make: an office for new settings, or ConfigError."""
    asked = Asked()
    heart = Heartbeat(of_mailer(office.settings.scheduler.ping_url.get_secret_value()))
    with _on_signals(asked):
        while not asked.stop:
            log.info("%s", office.sends)
            notify.ready(office.sends)
            office.mailer(store, now).run(asked.ends_run, lambda worked: heart.beat(well=worked))
            if not asked.stop:
                asked.ends_run = threading.Event()
                office = _again(office, make, flags)
    notify.stopping()
    log.info("Stopped; what was not sent is kept")
    return OK


def _again(office: Office, make: Callable[[Settings], Office], flags: Flags | None) -> Office:
    """With what the files say now; with what they said before where they have a fault."""
    notify.reloading()
    settings = reloaded(office.settings, flags)
    try:
        return office if settings is None else make(settings)
    except ConfigError as error:
        log.error("Not reloaded: %s", error)  # noqa: TRY400 (its text says it all)
        return office


@contextmanager
def _on_signals(asked: Asked) -> Iterator[None]:
    """The handlers of before are put back."""
    acts = {signal.SIGTERM: asked.to_stop, signal.SIGINT: asked.to_stop, signal.SIGHUP: asked.to_reload}

    def handle(number: int, _frame: FrameType | None) -> None:
        acts[signal.Signals(number)]()

    before = {number: signal.signal(number, handle) for number in acts}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
