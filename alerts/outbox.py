"""From pending deliveries to notifications, and from an attempt's outcome to what happens next."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection

from alerts import daily, overflow
from alerts.channels.channel import Channel
from alerts.delivery.around import standing_of
from alerts.delivery.decide import Decisions, decide
from alerts.delivery.group import Group
from alerts.delivery.own_message import OwnMessage
from alerts.message import Composed, Told
from alerts.outcome import Outcome
from alerts.rules import RuleSet
from alerts.rules.policy import Delivery
from alerts.safe_header import UnsafeMail
from alerts.wording.detail import from_json
from horses_scrapy.clock import Clock
from horses_scrapy.storage import attempts, deliveries
from horses_scrapy.storage import outbox as sql
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.outbox_rows import EVERYBODY, Due, Lease, NewNotification, Waiting, Whose

MAX_ATTEMPTS = 20
LEASE_MS = 180_000
"""Longer than a batch and its slowest message take: until then no other machine's mailer takes it over."""
PART = 25
"""So many messages are made before they are written: some 100 ms of work."""
MAX_WAIT = attempts.MAX_WAIT_MS / 1000
TIME_TO_LIVE_MS = 2 * 3_600_000
"""Of notices of our own."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a notification after an attempt: sent, dead, or again after `wait` seconds."""

    state: Literal["sent", "dead", "again"]
    wait: float = 0.0


def backoff(attempts: int, chance: random.Random) -> float:
    """Seconds to wait after this many failures: anything up to a bound that doubles, so that senders spread out."""
    return chance.uniform(0, min(MAX_WAIT, 2.0 ** min(attempts, 10)))


def verdict(outcome: Outcome, attempts: int, chance: random.Random) -> Verdict:
    """`attempts` counts this one where it is charged. A server that is down costs a message no wait of its own."""
    if outcome.label == "accepted":
        return Verdict("sent")
    if outcome.label == "recipient-dead" or (outcome.charged and attempts >= MAX_ATTEMPTS):
        return Verdict("dead")
    return Verdict("again", backoff(attempts, chance) if outcome.charged else 0.0)


def told(alert: Waiting) -> Told:
    """Its key is the same on whatever database: numbers of rows are reused where one is made anew."""
    detail = from_json(alert.detail)
    race = (detail.track_key, detail.race_date, str(detail.race_number))
    one = (alert.rule, alert.market, alert.subject, detail.event, str(alert.triggered_at))
    program = alert.subject if detail.what == f"#{alert.subject}" else None
    return Told("|".join((*race, *one)), detail, alert.race_id, program)


@dataclass(slots=True)
class _Part:
    """What one transaction of a flush writes."""

    now_ms: int
    closed: list[tuple[Waiting, str, str]] = field(default_factory=list)
    frozen: list[tuple[Group, Composed]] = field(default_factory=list)
    own: list[tuple[OwnMessage, Composed]] = field(default_factory=list)


class Outbox:
    """The queue of one database, for its only sender, or on a server for one of them. Its threads may share it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        delivery: Delivery,
        channels: Mapping[str, Channel],
        rules: RuleSet | None = None,
    ) -> None:
        """rules: says which of the alerts about ourselves mean that a source is down."""
        self._store = store
        self._clock = clock
        self._delivery = delivery
        self._channels = channels
        self._rules = rules

    # --- Deciding -------------------------------------------------------------------------------------------------------

    def preview(self) -> list[tuple[Group, Composed]]:
        """What a flush would freeze now; nothing is written."""
        return [made for part in self._parts() for made in part.frozen]

    def collect(self, written: Callable[[], None] = lambda: None) -> None:
        """Decide on all that waits, at one instant, and freeze what goes out; `written` is called after each part.

        A part at a time, so that the first messages leave while the last are made; what a crash leaves is decided anew.
        """
        for part in self._parts():
            if part.closed or part.frozen or part.own:
                with self._store.write() as connection:
                    self._write(connection, part)
                written()

    def _parts(self) -> Iterator[_Part]:
        """Reads and composes outside of the write lock: crawls need it meanwhile."""
        now = self._clock.now_ms()
        with self._store.read() as connection:
            decided = self._decide(connection, now)
            own = self._own(connection, now)
        part = _Part(now, closed=[(each.delivery, each.state, each.reason) for each in decided.closed])
        for message in own:
            channel = self._channels[message.channel]
            part.own.append((message, channel.notice(message.notice, message.recipient, now)))
        yield part
        for first in range(0, len(decided.ready), PART):
            part = _Part(now)
            for group in decided.ready[first : first + PART]:
                self._compose(group, part)
            yield part

    def _decide(self, connection: Connection, now_ms: int) -> Decisions:
        waiting = sql.waiting(connection)
        return decide(waiting, standing_of(connection, now_ms, self._rules), self._delivery) if waiting else Decisions()

    def _own(self, connection: Connection, now_ms: int) -> list[OwnMessage]:
        found = overflow.summaries(deliveries.untold(connection), self._delivery, now_ms)
        for turn in daily.turns(self._delivery, now_ms):
            who = (turn.recipient, turn.channel)
            if not deliveries.made_for(connection, *who, turn.scope, turn.since_ms):
                states = deliveries.states_of(connection, *who, turn.since_ms, turn.until_ms)
                found.append(daily.alive(turn, states, deliveries.tracks_crawled(connection, turn.since_ms)))
        return [each for each in found if each.channel in self._channels]

    def _compose(self, group: Group, part: _Part) -> None:
        """A group of a channel that is not there waits on until it expires."""
        channel = self._channels.get(group.key.channel)
        if channel is None:
            return
        try:
            alerts = [told(each) for each in group.members]
            part.frozen.append((group, channel.compose(alerts, group.recipient, part.now_ms)))
        except (UnsafeMail, KeyError, TypeError, ValueError) as error:
            # Another version's details, or a text that no header bears: it must not keep up all the others.
            part.closed += [(each, "dead", f"no message could be made of it: {error!r}") for each in group.members]

    def _write(self, connection: Connection, part: _Part) -> None:
        ended: defaultdict[tuple[str, str], list[Waiting]] = defaultdict(list)
        for delivery, state, reason in part.closed:
            ended[state, reason].append(delivery)
        for (state, reason), members in ended.items():
            sql.close_deliveries(connection, members, state=state, reason=reason, at_ms=part.now_ms)
        for group, made in part.frozen:
            expires = max((each.expires_at for each in group.members if each.expires_at is not None), default=None)
            new = _new(group.key.recipient, group.key.channel, group.key.scope, made, part.now_ms, expires)
            sql.add_notification(connection, new, group.members)
        for message, made in part.own:
            expires = part.now_ms + TIME_TO_LIVE_MS
            new = _new(message.recipient, message.channel, message.scope, made, part.now_ms, expires)
            notification_id = sql.add_notice(connection, new)
            deliveries.told_by(connection, message.told, notification_id)

    # --- Sending --------------------------------------------------------------------------------------------------------

    def due(self, channel: str, *, whose: Whose = EVERYBODY, limit: int | None = None) -> list[Due]:
        with self._store.read() as connection:
            return attempts.due(connection, channel, self._clock.now_ms(), whose=whose, limit=limit)

    def unsent(self) -> int:
        """Notifications that are neither sent nor given up."""
        with self._store.read() as connection:
            return attempts.unsent(connection)

    @property
    def shared(self) -> bool:
        """Whether mailers of other machines may send from it too."""
        return self._store.dialect == "postgresql"

    def free_orphans(self) -> int:
        with self._store.write() as connection:
            return attempts.free_orphans(connection, self._clock.now_ms())

    def lease(self, batch: Sequence[Due], owner: str) -> list[Due]:
        """Those that no other sender took meanwhile."""
        now = self._clock.now_ms()
        new = Lease(owner=owner, until=now + LEASE_MS, at=now, mono=Clock.monotonic_ms())
        with self._store.write(beside=True) as connection:
            leased = set(attempts.lease(connection, [each.notification_id for each in batch], new))
        return [each for each in batch if each.notification_id in leased]

    def hand_back(self, batch: Sequence[Due]) -> None:
        """Leased ones that were not offered after all."""
        with self._store.write() as connection:
            attempts.hand_back(connection, [each.notification_id for each in batch])

    def expire(self, due: Due, reason: str) -> None:
        now = self._clock.now_ms()
        with self._store.write() as connection:
            attempts.given_up(connection, due.notification_id, state="expired", code=None, reason=reason, at_ms=now)

    def record(self, due: Due, outcome: Outcome, decided: Verdict) -> None:
        now, mono = self._clock.now_ms(), Clock.monotonic_ms()
        key, code, reason = due.notification_id, outcome.code, f"{outcome.label}: {outcome.reason}"
        with self._store.write() as connection:
            if decided.state == "sent":
                attempts.accepted(connection, key, now, mono, code)
            elif decided.state == "dead":
                attempts.given_up(connection, key, state="dead", code=code, reason=reason, at_ms=now)
            else:
                next_at = now + round(decided.wait * 1000)
                attempts.try_again(connection, key, next_at=next_at, charged=outcome.charged, code=code, reason=reason)


def _new(recipient: str, channel: str, scope: str, made: Composed, now_ms: int, expires: int | None) -> NewNotification:
    return NewNotification(
        recipient=recipient,
        channel=channel,
        scope=scope,
        message_id=made.message_id,
        wire=made.wire,
        created_at=now_ms,
        expires_at=expires,
    )
