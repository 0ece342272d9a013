"""SQL of the mailer: deliveries that wait, notifications with their frozen bytes, and how each attempt ended."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Update,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
    update,
)

from horses_scrapy.storage.schema import alert, alert_delivery, notification, race, track
from horses_scrapy.storage.upsert import upsert

OPEN = ("pending", "leased")
MAX_WAIT_MS = 60_000
"""The longest that a failed attempt puts off the next one."""
# Written out, not bound: SQLite uses a partial index only where the query repeats its condition.
_OPEN_DELIVERY = text("alert_delivery.state IN ('pending', 'leased')")
_OPEN_NOTIFICATION = text("notification.state IN ('pending', 'leased')")


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceNow:
    """How a race stands at this moment, as far as an alert's expiry needs it."""

    status: str | None
    off_at: int | None
    post_time: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A delivery that no notification holds yet, with its alert. track_*, race_number: None where it is about no race."""

    alert_id: int
    recipient: str
    channel: str
    scope: str
    race_id: int | None
    track_key: str | None
    track_code: str | None
    race_number: int | None
    rule: str
    kind: str
    severity: str
    market: str
    subject: str
    triggered_at: int
    created_at: int
    detail: str
    expires_at: int | None
    race: RaceNow


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotification:
    recipient: str
    channel: str
    scope: str
    message_id: str
    wire: str
    created_at: int
    expires_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A notification whose next attempt is due. kind: of its first alert, None for a notice of our own."""

    notification_id: int
    kind: str | None
    recipient: str
    channel: str
    message_id: str
    wire: str
    attempts: int
    next_at: int
    expires_at: int | None
    race: RaceNow


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Messages to one recipient, or to all but some."""

    only: str | None = None
    but: tuple[str, ...] = ()

    def condition(self) -> list[ColumnElement[bool]]:
        to = notification.c.recipient
        if self.only is not None:
            return [to == self.only]
        return [to.not_in(self.but)] if self.but else []


EVERYBODY = Whose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    owner: str
    until: int
    at: int
    mono: int


# --- Deliveries --------------------------------------------------------------------------------------------------------


def waiting(connection: Connection) -> list[Waiting]:
    """Deliveries that are pending, in the order of their alerts."""
    query = (
        select(
            alert.c.alert_id, alert_delivery.c.recipient, alert_delivery.c.channel, alert.c.scope, alert.c.race_id,
            track.c.key.label("track_key"), track.c.code.label("track_code"), race.c.race_number, alert.c.rule,
            alert.c.alert_type.label("kind"), alert.c.severity, alert.c.market, alert.c.subject, alert.c.triggered_at,
            alert.c.created_at, alert.c.detail, alert.c.expires_at, race.c.status, race.c.off_at, race.c.post_time,
        )
        .join_from(alert_delivery, alert)
        .outerjoin(race, race.c.race_id == alert.c.race_id)
        .outerjoin(track, track.c.track_id == race.c.track_id)
        .where(alert_delivery.c.state == "pending", _OPEN_DELIVERY)
        .order_by(alert.c.alert_id, alert_delivery.c.recipient)
    )  # fmt: skip
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [Waiting(race=_race_now(row), **row) for row in rows]


def _race_now(row: dict[str, object]) -> RaceNow:
    return RaceNow(**{name: row.pop(name) for name in ("status", "off_at", "post_time")})  # type: ignore[arg-type]


def close_deliveries(connection: Connection, which: Sequence[Waiting], *, state: str, reason: str, at_ms: int) -> None:
    """End deliveries that never became part of a notification."""
    keys = [{"of_alert": each.alert_id, "of_recipient": each.recipient, "of_channel": each.channel} for each in which]
    if not keys:
        return
    connection.execute(
        update(alert_delivery)
        .where(
            alert_delivery.c.alert_id == bindparam("of_alert"),
            alert_delivery.c.recipient == bindparam("of_recipient"),
            alert_delivery.c.channel == bindparam("of_channel"),
            alert_delivery.c.state == "pending",
        )
        .values(state=state, reason=reason),
        keys,
    )
    settle(connection, sorted({each.alert_id for each in which}), at_ms)


def add_notification(connection: Connection, new: NewNotification, members: Sequence[Waiting]) -> int | None:
    """Freeze a message and take its deliveries; None where one of them is not pending any more: nothing is written then.

    Deliveries of a message that was made before share its fate: it is not made twice.
    """
    keys = [each.alert_id for each in members]
    mine = {"of_alerts": keys, "of_recipient": new.recipient, "of_channel": new.channel}
    if connection.execute(_COUNT_MINE, mine).scalar_one() != len(keys):
        return None
    made, state = _made(connection, new)
    taken = {"new_state": "leased" if state in OPEN else state, "new_notification": made}
    connection.execute(_TAKE_MINE, mine | taken)
    if state not in OPEN:
        settle(connection, keys, new.created_at)
    return made


def add_notice(connection: Connection, new: NewNotification) -> int:
    """A message that takes no deliveries; the same one where it was made before."""
    return _made(connection, new)[0]


def _made(connection: Connection, new: NewNotification) -> tuple[int, str]:
    """The number and the state of a message, whether it is new or was made before."""
    values = {**asdict(new), "state": "pending", "next_at": new.created_at}
    made: int | None = connection.execute(_make(connection.dialect.name), values).scalar_one_or_none()
    if made is not None:
        return made, "pending"
    row = connection.execute(_MADE_BEFORE, {"of_message": new.message_id}).one()
    return row.notification_id, row.state


# Statements that run for every message are built once: that costs more than running them.
_MINE = (
    alert_delivery.c.alert_id.in_(bindparam("of_alerts", expanding=True)),
    alert_delivery.c.recipient == bindparam("of_recipient"),
    alert_delivery.c.channel == bindparam("of_channel"),
    alert_delivery.c.state == "pending",
)
_COUNT_MINE = select(func.count()).select_from(alert_delivery).where(*_MINE)
_TAKE_MINE = (
    update(alert_delivery)
    .where(*_MINE)
    .values(state=bindparam("new_state"), notification_id=bindparam("new_notification"))
)
_MADE_BEFORE = select(notification.c.notification_id, notification.c.state).where(
    notification.c.message_id == bindparam("of_message")
)


@cache
def _make(dialect: str) -> Any:
    new = upsert(notification, dialect).on_conflict_do_nothing(index_elements=["message_id"])
    return new.returning(notification.c.notification_id)


# --- Notifications -----------------------------------------------------------------------------------------------------


def free_orphans(connection: Connection, now_ms: int) -> int:
    """What dead senders left. Those of a file are of one machine, and the caller holds their lock: all is left over.

    On a server others may be at work: theirs is what their lease still covers.
    """
    left = [] if connection.dialect.name == "sqlite" else [notification.c.lease_until <= now_ms]
    return connection.execute(
        update(notification)
        .where(notification.c.state == "leased", _OPEN_NOTIFICATION, *left)
        .values(state="pending", next_at=now_ms, lease_owner=None, lease_until=None)
    ).rowcount


def due(
    connection: Connection, channel: str, now_ms: int, *, whose: Whose = EVERYBODY, limit: int | None = None
) -> list[Due]:
    """Notifications of a channel whose next attempt is due, the longest due first.

    None is put off for longer than MAX_WAIT_MS: where more is left, the clock was put back.
    """
    at = notification.c.next_at
    query = _due_query().where(notification.c.channel == channel, or_(at <= now_ms, at > now_ms + MAX_WAIT_MS))
    query = query.where(*whose.condition()).limit(limit)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [Due(race=_race_now(row), **row) for row in rows]


def _due_query() -> Select[*tuple[object, ...]]:
    # A notification is of one scope, so any of its alerts names the race. A notice holds no delivery that is leased.
    of_race, kind = (
        select(column)
        .join_from(alert_delivery, alert)
        .where(alert_delivery.c.notification_id == notification.c.notification_id)
        .where(alert_delivery.c.state == "leased")
        .order_by(alert.c.alert_id)
        .limit(1)
        .correlate(notification)
        .scalar_subquery()
        for column in (alert.c.race_id, alert.c.alert_type)
    )
    return (
        select(
            notification.c.notification_id, notification.c.recipient, notification.c.channel,
            notification.c.message_id, notification.c.wire, notification.c.attempts, notification.c.next_at,
            notification.c.expires_at, kind.label("kind"), race.c.status, race.c.off_at, race.c.post_time,
        )
        .join_from(notification, race, race.c.race_id == of_race, isouter=True)
        .where(notification.c.state == "pending", _OPEN_NOTIFICATION)
        .order_by(notification.c.next_at, notification.c.notification_id)
    )  # fmt: skip


def unsent(connection: Connection) -> int:
    """Notifications that are neither sent nor given up."""
    query = select(func.count()).select_from(notification).where(_OPEN_NOTIFICATION)
    return connection.execute(query).scalar_one()


def lease(connection: Connection, notification_ids: Sequence[int], new: Lease) -> list[int]:
    """Before an attempt, so that a dead sender's attempt is counted. Those that were pending, and are now leased.

    One statement that passes over the rows of others: safe beside other senders (Store.write(beside=True)).
    """
    free = select(notification.c.notification_id).where(
        notification.c.notification_id.in_(notification_ids), notification.c.state == "pending"
    )
    query = (
        update(notification)
        .where(notification.c.notification_id.in_(free.with_for_update(skip_locked=True)))
        .values(
            state="leased",
            lease_owner=new.owner,
            lease_until=new.until,
            attempts=notification.c.attempts + 1,
            first_attempt_at=func.coalesce(notification.c.first_attempt_at, new.at),
            first_attempt_mono=func.coalesce(notification.c.first_attempt_mono, new.mono),
        )
    )
    return list(connection.execute(query.returning(notification.c.notification_id)).scalars())


def hand_back(connection: Connection, notification_ids: Sequence[int]) -> None:
    """Leased ones that were not offered after all: as if they had never been taken."""
    connection.execute(
        _those(notification_ids)
        .where(notification.c.state == "leased")
        .values(state="pending", lease_owner=None, lease_until=None, attempts=notification.c.attempts - 1)
    )


def accepted(connection: Connection, notification_id: int, at_ms: int, mono: int, code: int | None) -> None:
    """The server took the message: a mail server with 250."""
    _end(connection, notification_id, "sent", at_ms, code=code, reason=None, mono=mono)


def given_up(
    connection: Connection, notification_id: int, *, state: str, code: int | None, reason: str, at_ms: int
) -> None:
    """`dead` or `expired`: the latter only while nobody offers it."""
    while_in = ("pending",) if state == "expired" else OPEN
    _end(connection, notification_id, state, at_ms, code=code, reason=reason, while_in=while_in)


def try_again(
    connection: Connection, notification_id: int, *, next_at: int, charged: bool, code: int | None, reason: str
) -> None:
    """An attempt that was not the message's fault is not charged to it, and puts it off no further."""
    connection.execute(
        _those([notification_id])
        .where(notification.c.state == "leased")
        .values(
            state="pending",
            next_at=next_at if charged else notification.c.next_at,
            lease_owner=None,
            lease_until=None,
            attempts=notification.c.attempts - (0 if charged else 1),
            last_code=code,
            last_error=reason,
        )
    )


def _those(notification_ids: Sequence[int]) -> Update:
    return update(notification).where(notification.c.notification_id.in_(notification_ids))


def _end(
    connection: Connection,
    notification_id: int,
    state: str,
    at_ms: int,
    *,
    code: int | None,
    reason: str | None,
    mono: int | None = None,
    while_in: Sequence[str] = OPEN,
) -> None:
    accepted_at = None if mono is None else at_ms
    ended = {"of_notification": notification_id, "new_state": state, "why": reason}
    told = ended | {"code": code, "at": accepted_at, "mono": mono, "of_states": list(while_in)}
    if connection.execute(_END, told).rowcount == 0:
        return
    alerts = connection.execute(_END_TAKEN, ended).scalars().all()
    settle(connection, alerts, at_ms)


def settle(connection: Connection, alert_ids: Sequence[int], at_ms: int) -> None:
    """An alert is sent once all its deliveries are final and at least one of them was sent."""
    if alert_ids:
        connection.execute(_SETTLE, {"of_alerts": list(alert_ids), "at": at_ms})


_END = (
    update(notification)
    .where(notification.c.notification_id == bindparam("of_notification"))
    .where(notification.c.state.in_(bindparam("of_states", expanding=True)))
    .values(
        state=bindparam("new_state"),
        last_code=bindparam("code"),
        last_error=bindparam("why"),
        lease_owner=None,
        lease_until=None,
        accepted_at=bindparam("at"),
        accepted_mono=bindparam("mono"),
    )
)
# Only what it took: a summary is linked to deliveries that stay capped.
_END_TAKEN = (
    update(alert_delivery)
    .where(alert_delivery.c.notification_id == bindparam("of_notification"), alert_delivery.c.state == "leased")
    .values(state=bindparam("new_state"), reason=bindparam("why"))
    .returning(alert_delivery.c.alert_id)
)
_SETTLE = (
    update(alert)
    .where(
        alert.c.alert_id.in_(bindparam("of_alerts", expanding=True)),
        alert.c.sent == 0,
        ~exists().where(alert_delivery.c.alert_id == alert.c.alert_id, alert_delivery.c.state.in_(OPEN)),
        exists().where(alert_delivery.c.alert_id == alert.c.alert_id, alert_delivery.c.state == "sent"),
    )
    .values(sent=1, sent_at=bindparam("at"))
)
