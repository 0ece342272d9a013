"""SQL of a second chance: messages that were given up, and what of them may go out again."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from horses_scrapy.storage.outbox_rows import RaceNow
from horses_scrapy.storage.schema import alert, alert_delivery, notification, race

ENDED = ("dead", "expired")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A message that was not sent. kind: of its first alert, None for a notice of our own."""

    notification_id: int
    recipient: str
    state: str
    kind: str | None
    expires_at: int | None
    race: RaceNow


def given_up(connection: Connection, notification_ids: Sequence[int] | None = None) -> list[GivenUp]:
    """Those of the given ones that are dead or expired; all dead ones for None."""
    asked = notification.c.state == "dead" if notification_ids is None else notification.c.state.in_(ENDED)
    query = select(notification).where(asked).order_by(notification.c.notification_id)
    if notification_ids is not None:
        query = query.where(notification.c.notification_id.in_(notification_ids))
    return [_given_up(connection, row) for row in connection.execute(query).mappings().all()]


def _given_up(connection: Connection, row: object) -> GivenUp:
    told = dict(row)  # type: ignore[call-overload]
    first = connection.execute(
        select(alert.c.alert_type, race.c.status, race.c.off_at, race.c.post_time)
        .join_from(alert_delivery, alert)
        .outerjoin(race, race.c.race_id == alert.c.race_id)
        .where(alert_delivery.c.notification_id == told["notification_id"])
        .order_by(alert.c.alert_id)
        .limit(1)
    ).one_or_none()
    return GivenUp(
        notification_id=told["notification_id"],
        recipient=told["recipient"],
        state=told["state"],
        kind=None if first is None else first.alert_type,
        expires_at=told["expires_at"],
        race=RaceNow(
            status=None if first is None else first.status,
            off_at=None if first is None else first.off_at,
            post_time=None if first is None else first.post_time,
        ),
    )


def again(connection: Connection, notification_id: int, now_ms: int) -> None:
    """Due now, with no attempt counted: its bytes and its Message-ID are what they were."""
    mine = alert_delivery.c.notification_id == notification_id
    connection.execute(
        update(notification)
        .where(notification.c.notification_id == notification_id, notification.c.state.in_(ENDED))
        .values(state="pending", attempts=0, next_at=now_ms, lease_owner=None, lease_until=None)
    )
    connection.execute(
        update(alert_delivery).where(mine, alert_delivery.c.state.in_(ENDED)).values(state="leased", reason=None)
    )
    alerts = select(alert_delivery.c.alert_id).where(mine)
    connection.execute(update(alert).where(alert.c.alert_id.in_(alerts)).values(sent=0, sent_at=None))
