"""One server's share of the outbox: leased in batches, offered one by one, each recorded right after its answer."""

import logging
import os
import random
import socket
import threading
import time
from dataclasses import dataclass, field

from alerts.breaker import RECONNECT, STOPS, Breaker
from alerts.channels.channel import Channel, Session
from alerts.expiry import why_expired
from alerts.outbox import Outbox, Verdict, verdict
from alerts.outcome import Outcome
from horses_scrapy.clock import Clock
from horses_scrapy.errors import StoreBroken, StoreError
from horses_scrapy.storage.outbox_rows import Due, Whose

log = logging.getLogger(__name__)

LOOK_EVERY = 0.5
"""Real seconds between two looks at what is due again; what is new wakes a lane at once."""
STORE_PAUSE = 5.0
"""Real seconds before a database that is full or busy is asked again."""
BATCH = 25
"""So many messages are leased in one transaction."""
FRESH = 2.0
"""Seconds for which a batch is offered: how its races stand is looked at again before the rest goes."""


@dataclass(slots=True)
class Report:
    """What one flush did."""

    sent: int = 0
    dead: int = 0
    expired: int = 0
    later: int = 0
    stopped: list[Outcome] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        self.sent += other.sent
        self.dead += other.dead
        self.expired += other.expired
        self.later += other.later
        self.stopped += other.stopped

    def count(self, decided: Verdict) -> None:
        if decided.state == "sent":
            self.sent += 1
        elif decided.state == "dead":
            self.dead += 1
        else:
            self.later += 1


class Lane:
    """The only sender to one server."""

    def __init__(self, channel: Channel, whose: Whose, outbox: Outbox, clock: Clock, chance: random.Random) -> None:
        self.name = channel.name if whose.only is None else f"{channel.name} {whose.only}"
        self.breaker = Breaker()
        self.wake = threading.Event()
        self._channel = channel
        self._whose = whose
        self._outbox = outbox
        self._clock = clock
        self._chance = chance
        self._owner = f"pid {os.getpid()} at {socket.gethostname()} {self.name}"
        self._leased: list[Due] = []
        self._answered: tuple[Due, Outcome, Verdict] | None = None
        self._suspects: dict[int, float] = {}  # notification -> when the server last stopped at it

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; the message in flight is finished first. A database that refuses is asked again; raises StoreBroken."""
        while not stop.is_set():
            try:
                self.flush(stop)
            except StoreBroken:
                raise  # what a broken disk says to a second try is not to be believed
            except StoreError as error:
                log.error("%s: %s. Again in %.0f s", self.name, error, STORE_PAUSE)  # noqa: TRY400 (its text says it all)
                stop.wait(STORE_PAUSE)
            self.wake.wait(LOOK_EVERY)
            self.wake.clear()

    def drain(self, stop: threading.Event) -> Report:
        """A flush that goes on over a connection that breaks off; a server that is down ends it."""
        report = self.flush(stop)
        while 0 < self.breaker.wait() <= RECONNECT and not stop.wait(self.breaker.wait()):
            report.add(self.flush(stop))
        return report

    def flush(self, stop: threading.Event) -> Report:
        """Offer what is due, until the server stops us."""
        report = Report()
        self._settle()
        if self.breaker.closed:
            with self._channel.session() as session:
                while self._goes_on(stop) and self._lease(report):
                    self._offer_leased(session, stop, report)
                    self._settle()
        return report

    def _goes_on(self, stop: threading.Event) -> bool:
        return self.breaker.closed and not stop.is_set()

    def _settle(self) -> None:
        """Write down an answer that the database did not take at first, and give back what was not offered."""
        if self._answered is not None:
            self._outbox.record(*self._answered)
            self._answered = None
        if self._leased:
            self._outbox.hand_back(self._leased)
            self._leased = []

    def _lease(self, report: Report) -> bool:
        """Take the next batch, one message where the server has to be probed; whether there is any."""
        while not self._leased:
            due = self._outbox.due(self._channel.name, whose=self._whose, limit=BATCH)
            if not due:
                return False
            alive = [each for each in due if not self._expired(each, report)]
            self._leased = self._outbox.lease(self._in_turn(alive), self._owner) if alive else []
        return True

    def _in_turn(self, alive: list[Due]) -> list[Due]:
        """A message at which the server stopped goes last: its recipient may be what the server cannot bear."""
        fresh = [each for each in alive if each.notification_id not in self._suspects]
        batch = fresh or sorted(alive, key=lambda each: self._suspects[each.notification_id])
        return batch[:1] if self.breaker.failures else batch

    def _expired(self, due: Due, report: Report) -> bool:
        reason = why_expired(due.kind, due.race, due.expires_at, self._clock.now_ms())
        if reason is None:
            return False
        self._outbox.expire(due, reason)
        self._suspects.pop(due.notification_id, None)
        log.info("Not sent to %s: %s", due.recipient, reason)
        report.expired += 1
        return True

    def _offer_leased(self, session: Session, stop: threading.Event, report: Report) -> None:
        stale = time.monotonic() + FRESH
        while self._leased and self._goes_on(stop) and time.monotonic() < stale:
            due = self._leased[0]
            outcome = session.send(due.recipient, due.wire)
            decided = verdict(outcome, due.attempts + 1, self._chance)
            self._answered = (due, outcome, decided)
            self._leased = self._leased[1:]
            self._outbox.record(due, outcome, decided)
            self._answered = None
            report.count(decided)
            self._tell(due, outcome, decided)
            self._learn(due, outcome, report)

    def _learn(self, due: Due, outcome: Outcome, report: Report) -> None:
        was_down = self.breaker.failures > 0
        pause = self.breaker.told(outcome)
        if outcome.label not in STOPS:
            self._suspects.pop(due.notification_id, None)
            if was_down:
                log.info("%s takes messages again", self._channel.where)
            return
        self._suspects[due.notification_id] = self.breaker.until
        report.stopped.append(outcome)
        where, first = self._channel.where, self.breaker.failures == 1
        if outcome.label == "config-error":
            log.error("%s refuses us: %s. Nothing is lost; again in %.0f s", where, outcome.reason, pause)
        elif first:
            log.warning("%s takes no messages: %s. Tried every %.0f s", where, outcome.reason, pause)

    def _tell(self, due: Due, outcome: Outcome, decided: Verdict) -> None:
        title = self._channel.title(due.wire)
        if decided.state == "sent":
            log.info("Sent %s to %s", title, due.recipient)
        elif decided.state == "dead":
            log.error("Given up: %s to %s: %s", title, due.recipient, outcome.reason)
        elif outcome.charged:
            told = (decided.wait, title, due.recipient, outcome.label, outcome.reason)
            log.warning("Again in %.0f s: %s to %s: %s: %s", *told)
