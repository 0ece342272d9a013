"""From pending deliveries to notifications, and from an attempt's outcome to what happens next."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from alerts.address import MAIL
from alerts.compose import Mail, compose
from alerts.expiry import why_expired
from alerts.message import Told
from alerts.outcome import Outcome
from alerts.safe_header import UnsafeMail
from alerts.wording.detail import Detail, from_json
from horses_scrapy.clock import Clock
from horses_scrapy.storage import outbox as sql
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.outbox import Due, Waiting

MAX_ATTEMPTS = 20
LEASE_MS = 60_000
MAX_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Group:
    """Deliveries that go in one mail: one race, one recipient."""

    recipient: str
    scope: str
    members: Sequence[Waiting]

    def told(self) -> list[Told]:
        return [Told(key_of(each), from_json(each.detail)) for each in self.members]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a notification after an attempt: sent, dead, or again after `wait` seconds."""

    state: Literal["sent", "dead", "again"]
    wait: float = 0.0


def key_of(alert: Waiting) -> str:
    """The same alert on whatever database: numbers of rows are reused where one is made anew."""
    detail: Detail = from_json(alert.detail)
    race = (detail.track_key, detail.race_date, str(detail.race_number))
    return "|".join((*race, alert.rule, alert.market, alert.subject, str(alert.triggered_at)))


def backoff(attempts: int, chance: random.Random) -> float:
    """Seconds to wait after this many failures: anything up to a bound that doubles, so that senders spread out."""
    return chance.uniform(0, min(MAX_WAIT, 2.0 ** min(attempts, 10)))


def verdict(outcome: Outcome, attempts: int, chance: random.Random) -> Verdict:
    """`attempts` counts this one where it is charged."""
    if outcome.label == "accepted":
        return Verdict("sent")
    if outcome.label == "recipient-dead" or (outcome.charged and attempts >= MAX_ATTEMPTS):
        return Verdict("dead")
    return Verdict("again", backoff(attempts, chance) if outcome.charged else 0.0)


def groups(deliveries: Iterable[Waiting]) -> list[Group]:
    found: dict[tuple[str, str], list[Waiting]] = defaultdict(list)
    for each in deliveries:
        found[each.scope, each.recipient].append(each)
    return [Group(recipient, scope, members) for (scope, recipient), members in found.items()]


class Outbox:
    """The queue of one database, for its only sender."""

    def __init__(self, store: Store, clock: Clock, sender: str) -> None:
        self._store = store
        self._clock = clock
        self._sender = sender

    def preview(self) -> list[tuple[Group, Mail]]:
        """What a flush would freeze now; nothing is written."""
        now = self._clock.now_ms()
        with self._store.read() as connection:
            pending = sql.waiting(connection, MAIL)
        alive = [each for each in pending if why_expired(each.kind, each.race, each.expires_at, now) is None]
        return [(group, self._compose(group, now)) for group in groups(alive)]

    def collect(self) -> None:
        """Expire what is too late, and freeze the rest, one mail for each race and recipient."""
        now = self._clock.now_ms()
        with self._store.read() as connection:
            pending = sql.waiting(connection, MAIL)
        late: dict[str, list[Waiting]] = defaultdict(list)
        alive: list[Waiting] = []
        for each in pending:
            reason = why_expired(each.kind, each.race, each.expires_at, now)
            (alive if reason is None else late[reason]).append(each)
        for reason, members in late.items():
            self._close(members, "expired", reason)
        for group in groups(alive):
            self._freeze(group, now)

    def due(self) -> list[Due]:
        with self._store.read() as connection:
            return sql.due(connection, self._clock.now_ms())

    def unsent(self) -> int:
        with self._store.read() as connection:
            return sql.unsent(connection)

    def free_orphans(self) -> int:
        with self._store.write() as connection:
            return sql.free_orphans(connection, self._clock.now_ms())

    def lease(self, due: Due, owner: str) -> None:
        until = self._clock.now_ms() + LEASE_MS
        with self._store.write() as connection:
            sql.lease(connection, due.notification_id, sql.Lease(owner=owner, until=until, mono=Clock.monotonic_ms()))

    def expire(self, due: Due, reason: str) -> None:
        with self._store.write() as connection:
            sql.given_up(
                connection, due.notification_id, state="expired", code=None, reason=reason, at_ms=self._clock.now_ms()
            )

    def record(self, due: Due, outcome: Outcome, decided: Verdict) -> None:
        now, mono = self._clock.now_ms(), Clock.monotonic_ms()
        key, code, reason = due.notification_id, outcome.code, f"{outcome.label}: {outcome.reason}"
        with self._store.write() as connection:
            if decided.state == "sent":
                sql.accepted(connection, key, now, mono)
            elif decided.state == "dead":
                sql.given_up(connection, key, state="dead", code=code, reason=reason, at_ms=now)
            else:
                next_at = now + round(decided.wait * 1000)
                sql.try_again(connection, key, next_at=next_at, charged=outcome.charged, code=code, reason=reason)

    def _compose(self, group: Group, now_ms: int) -> Mail:
        return compose(group.told(), sender=self._sender, recipient=group.recipient, now_ms=now_ms)

    def _freeze(self, group: Group, now_ms: int) -> None:
        try:
            mail = self._compose(group, now_ms)
        except UnsafeMail as error:
            self._close(group.members, "dead", str(error))
            return
        new = sql.NewNotification(
            recipient=group.recipient,
            channel=MAIL,
            scope=group.scope,
            message_id=mail.message_id,
            wire=mail.wire.decode("ascii"),
            created_at=now_ms,
            expires_at=max((each.expires_at for each in group.members if each.expires_at is not None), default=None),
        )
        with self._store.write() as connection:
            sql.add_notification(connection, new, group.members)

    def _close(self, members: Sequence[Waiting], state: str, reason: str) -> None:
        with self._store.write() as connection:
            sql.close_deliveries(connection, members, state=state, reason=reason, at_ms=self._clock.now_ms())
