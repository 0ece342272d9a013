"""Drains the outbox: each message is offered until the server takes it, refuses it for good, or its race is off."""

import logging
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from alerts.expiry import why_expired
from alerts.outbox import Outbox, backoff, verdict
from alerts.outcome import Outcome
from alerts.smtp import Session
from horses_scrapy.clock import Clock
from horses_scrapy.config.model import Smtp
from horses_scrapy.errors import StoreError
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.outbox import Due

log = logging.getLogger(__name__)

LOOK_EVERY = 0.25
"""Real seconds between two looks at the outbox."""
STORE_PAUSE = 5.0
"""Real seconds before a database that is full or busy is asked again."""
CONFIG_PAUSE = 300.0
"""Real seconds before a server that refuses us is asked again: more often could lock the account."""

Now = Callable[[], float]


@dataclass(slots=True)
class Report:
    """What one flush did."""

    sent: int = 0
    dead: int = 0
    expired: int = 0
    later: int = 0
    stopped: Outcome | None = None


@dataclass(slots=True)
class Breaker:
    """Keeps away from a server that is down or refuses us, in real seconds."""

    chance: random.Random
    now: Now = time.monotonic
    failures: int = 0
    until: float = field(default=0.0)

    @property
    def closed(self) -> bool:
        return self.now() >= self.until

    def trip(self, outcome: Outcome) -> float:
        self.failures += 1
        wait = CONFIG_PAUSE if outcome.label == "config-error" else backoff(self.failures, self.chance)
        self.until = self.now() + wait
        return wait

    def reset(self) -> None:
        self.failures = 0


class Mailer:
    """The only sender of a database. Its lock (only_one) must be held while it works."""

    def __init__(self, store: Store, smtp: Smtp, clock: Clock, chance: random.Random | None = None) -> None:
        self._outbox = Outbox(store, clock, smtp.sender)
        self._smtp = smtp
        self._clock = clock
        self._chance = random.Random() if chance is None else chance  # noqa: S311 (jitter, no secret)
        self._breaker = Breaker(self._chance)
        self._owner = f"pid {os.getpid()}"

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; the message in flight is finished first. A database that refuses is asked again."""
        orphans = True
        while not stop.is_set():
            try:
                if orphans:
                    self._take_over()
                orphans = False
                self.flush(stop)
            except StoreError as error:
                log.error("%s. Again in %.0f s", error, STORE_PAUSE)  # noqa: TRY400 (its text says it all)
                orphans = True
                stop.wait(STORE_PAUSE)
            stop.wait(LOOK_EVERY)

    def _take_over(self) -> None:
        freed = self._outbox.free_orphans()
        if freed:
            log.info("Took over %s unfinished mails", freed)

    def once(self) -> Report:
        """One look; what a dead sender left is taken over."""
        self._take_over()
        return self.flush(threading.Event())

    def unsent(self) -> int:
        return self._outbox.unsent()

    def flush(self, stop: threading.Event) -> Report:
        report = Report()
        self._outbox.collect()
        due = self._outbox.due() if self._breaker.closed else []
        if due:
            with Session(self._smtp) as session:
                for each in due:
                    if stop.is_set() or report.stopped is not None:
                        break
                    self._offer(each, session, report)
        return report

    def _offer(self, due: Due, session: Session, report: Report) -> None:
        reason = why_expired(due.kind, due.race, due.expires_at, self._clock.now_ms())
        if reason is not None:
            self._outbox.expire(due, reason)
            log.info("Not sent to %s: %s", due.recipient, reason)
            report.expired += 1
            return
        self._outbox.lease(due, self._owner)
        outcome = session.send(due.recipient, due.wire.encode("ascii"))
        state = self._record(due, outcome)
        if state == "sent":
            report.sent += 1
        elif state == "dead":
            report.dead += 1
        else:
            report.later += 1
        if outcome.label in {"transient-server", "config-error"}:
            self._keep_away(outcome)
            report.stopped = outcome
        else:
            self._breaker.reset()

    def _record(self, due: Due, outcome: Outcome) -> Literal["sent", "dead", "again"]:
        decided = verdict(outcome, due.attempts + 1, self._chance)
        self._outbox.record(due, outcome, decided)
        if decided.state == "sent":
            log.info("Sent %s to %s", subject_in(due.wire), due.recipient)
        elif decided.state == "dead":
            log.error("Given up: %s to %s: %s", subject_in(due.wire), due.recipient, outcome.reason)
        elif outcome.charged:
            log.warning(
                "Again in %.0f s: mail to %s: %s: %s", decided.wait, due.recipient, outcome.label, outcome.reason
            )
        return decided.state

    def _keep_away(self, outcome: Outcome) -> None:
        wait = self._breaker.trip(outcome)
        where = f"{self._smtp.host}:{self._smtp.port}"
        if outcome.label == "config-error":
            log.error(
                "%s refuses us: %s. Nothing is sent, nothing is lost; again in %.0f s", where, outcome.reason, wait
            )
        else:
            log.warning("%s does not take mail: %s. Again in %.1f s", where, outcome.reason, wait)


def subject_in(wire: str) -> str:
    """The subject line of a finished mail, for a log."""
    head = wire.partition("\r\n\r\n")[0]
    return next((line.partition(": ")[2] for line in head.split("\r\n") if line.startswith("Subject: ")), "")
