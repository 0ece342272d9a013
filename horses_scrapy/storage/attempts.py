"""SQL of messages on their way: which are due, who has taken them, and how each attempt ended."""

from collections.abc import Sequence

from sqlalchemy import Connection, Select, Update, bindparam, exists, func, or_, select, text, update

from horses_scrapy.storage.outbox_rows import EVERYBODY, Due, Lease, Whose, race_now
from horses_scrapy.storage.schema import alert, alert_delivery, notification, race

OPEN = ("pending", "leased")
MAX_WAIT_MS = 60_000
"""The longest that a failed attempt puts off the next one."""
# Written out, not bound: SQLite uses a partial index only where the query repeats its condition.
_OPEN_NOTIFICATION = text("notification.state IN ('pending', 'leased')")


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
    return [Due(race=race_now(row), **row) for row in rows]


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
