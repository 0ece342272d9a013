"""SQL of the mailer: deliveries that wait, notifications with their frozen bytes, and how each attempt ended."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Select, Update, bindparam, exists, func, insert, select, text, update

from horses_scrapy.storage.schema import alert, alert_delivery, notification, race

OPEN = ("pending", "leased")
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
    """A delivery that no notification holds yet, with its alert."""

    alert_id: int
    recipient: str
    channel: str
    scope: str
    rule: str
    kind: str
    severity: str
    market: str
    subject: str
    triggered_at: int
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
    """A notification whose next attempt is due."""

    notification_id: int
    kind: str
    recipient: str
    message_id: str
    wire: str
    attempts: int
    expires_at: int | None
    race: RaceNow


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    owner: str
    until: int
    mono: int


# --- Deliveries --------------------------------------------------------------------------------------------------------


def waiting(connection: Connection, channel: str) -> list[Waiting]:
    """Deliveries of a channel that are pending, in the order of their alerts."""
    query = (
        select(
            alert.c.alert_id, alert_delivery.c.recipient, alert_delivery.c.channel, alert.c.scope, alert.c.rule,
            alert.c.alert_type.label("kind"), alert.c.severity, alert.c.market, alert.c.subject, alert.c.triggered_at, alert.c.detail, alert.c.expires_at,
            race.c.status, race.c.off_at, race.c.post_time,
        )
        .join_from(alert_delivery, alert)
        .outerjoin(race, race.c.race_id == alert.c.race_id)
        .where(alert_delivery.c.state == "pending", _OPEN_DELIVERY)
        .where(alert_delivery.c.channel == channel)
        .order_by(alert.c.alert_id)
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
    """Freeze a mail and take its deliveries; None where one of them is not pending any more: nothing is written then."""
    keys = [each.alert_id for each in members]
    mine = (
        alert_delivery.c.alert_id.in_(keys),
        alert_delivery.c.recipient == new.recipient,
        alert_delivery.c.channel == new.channel,
        alert_delivery.c.state == "pending",
    )
    if connection.execute(select(func.count()).select_from(alert_delivery).where(*mine)).scalar_one() != len(keys):
        return None
    made: int = connection.execute(
        insert(notification)
        .values(**asdict(new), state="pending", next_at=new.created_at)
        .returning(notification.c.notification_id)
    ).scalar_one()
    connection.execute(update(alert_delivery).where(*mine).values(state="leased", notification_id=made))
    return made


# --- Notifications -----------------------------------------------------------------------------------------------------


def free_orphans(connection: Connection, now_ms: int) -> int:
    """Nobody else sends (the caller holds the sender's lock), so whatever is leased was left by a dead sender."""
    return connection.execute(
        update(notification)
        .where(notification.c.state == "leased", _OPEN_NOTIFICATION)
        .values(state="pending", next_at=now_ms, lease_owner=None, lease_until=None)
    ).rowcount


def due(connection: Connection, now_ms: int) -> list[Due]:
    """Notifications whose next attempt is due, the longest due first."""
    rows = [dict(row) for row in connection.execute(_due_query().where(notification.c.next_at <= now_ms)).mappings()]
    return [Due(race=_race_now(row), **row) for row in rows]


def _due_query() -> Select[*tuple[object, ...]]:
    # A notification is of one scope, so any of its alerts names the race.
    of_race, kind = (
        select(column)
        .join_from(alert_delivery, alert)
        .where(alert_delivery.c.notification_id == notification.c.notification_id)
        .limit(1)
        .correlate(notification)
        .scalar_subquery()
        for column in (alert.c.race_id, alert.c.alert_type)
    )
    return (
        select(
            notification.c.notification_id, notification.c.recipient, notification.c.message_id, notification.c.wire,
            notification.c.attempts, notification.c.expires_at, kind.label("kind"), race.c.status, race.c.off_at, race.c.post_time,
        )
        .join_from(notification, race, race.c.race_id == of_race, isouter=True)
        .where(notification.c.state == "pending", _OPEN_NOTIFICATION)
        .order_by(notification.c.next_at, notification.c.notification_id)
    )  # fmt: skip


def unsent(connection: Connection) -> int:
    """Notifications that are neither sent nor given up."""
    query = select(func.count()).select_from(notification).where(_OPEN_NOTIFICATION)
    return connection.execute(query).scalar_one()


def lease(connection: Connection, notification_id: int, new: Lease) -> None:
    """Before an attempt, so that a dead sender's attempt is counted."""
    connection.execute(
        _one(notification_id).values(
            state="leased",
            lease_owner=new.owner,
            lease_until=new.until,
            attempts=notification.c.attempts + 1,
            first_attempt_mono=func.coalesce(notification.c.first_attempt_mono, new.mono),
        )
    )


def accepted(connection: Connection, notification_id: int, at_ms: int, mono: int) -> None:
    """The server answered 250 to the message."""
    _end(connection, notification_id, "sent", at_ms, code=250, reason=None, accepted_at=at_ms, accepted_mono=mono)


def given_up(
    connection: Connection, notification_id: int, *, state: str, code: int | None, reason: str, at_ms: int
) -> None:
    """`dead` or `expired`."""
    _end(connection, notification_id, state, at_ms, code=code, reason=reason)


def try_again(
    connection: Connection, notification_id: int, *, next_at: int, charged: bool, code: int | None, reason: str
) -> None:
    """An attempt that was not the message's fault is not charged to it."""
    connection.execute(
        _one(notification_id).values(
            state="pending",
            next_at=next_at,
            lease_owner=None,
            lease_until=None,
            attempts=notification.c.attempts - (0 if charged else 1),
            last_code=code,
            last_error=reason,
        )
    )


def _one(notification_id: int) -> Update:
    return update(notification).where(notification.c.notification_id == notification_id)


def _end(
    connection: Connection,
    notification_id: int,
    state: str,
    at_ms: int,
    *,
    code: int | None,
    reason: str | None,
    **columns: int,
) -> None:
    connection.execute(
        _one(notification_id).values(
            state=state, last_code=code, last_error=reason, lease_owner=None, lease_until=None, **columns
        )
    )
    of_it = alert_delivery.c.notification_id == notification_id
    connection.execute(update(alert_delivery).where(of_it).values(state=state, reason=reason))
    settle(connection, connection.execute(select(alert_delivery.c.alert_id).where(of_it)).scalars().all(), at_ms)


def settle(connection: Connection, alert_ids: Sequence[int], at_ms: int) -> None:
    """An alert is sent once all its deliveries are final and at least one of them was sent."""
    still_open = exists().where(alert_delivery.c.alert_id == alert.c.alert_id, alert_delivery.c.state.in_(OPEN))
    any_sent = exists().where(alert_delivery.c.alert_id == alert.c.alert_id, alert_delivery.c.state == "sent")
    connection.execute(
        update(alert)
        .where(alert.c.alert_id.in_(alert_ids), alert.c.sent == 0, ~still_open, any_sent)
        .values(sent=1, sent_at=at_ms)
    )
