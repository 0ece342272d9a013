"""SQL of what waits: deliveries that no message holds yet, and the messages that are made of them."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, text, update

from horses_scrapy.storage.attempts import OPEN, settle
from horses_scrapy.storage.outbox_rows import NewNotification, Waiting, race_now
from horses_scrapy.storage.schema import alert, alert_delivery, notification, race, track
from horses_scrapy.storage.upsert import upsert

# Written out, not bound: SQLite uses a partial index only where the query repeats its condition.
_OPEN_DELIVERY = text("alert_delivery.state IN ('pending', 'leased')")


def waiting(connection: Connection) -> list[Waiting]:
    """Deliveries that are pending, in the order of their alerts."""
    query = (
        select(
            alert.c.alert_id, alert_delivery.c.recipient, alert_delivery.c.channel, alert.c.scope, alert.c.race_id,
            track.c.key.label("track_key"), track.c.code.label("track_code"), race.c.race_date, race.c.race_number,
            alert.c.rule, alert.c.alert_type.label("kind"), alert.c.severity, alert.c.market, alert.c.subject,
            alert.c.triggered_at, alert.c.created_at, alert.c.detail, alert.c.expires_at, race.c.status, race.c.off_at,
            race.c.post_time,
        )
        .join_from(alert_delivery, alert)
        .outerjoin(race, race.c.race_id == alert.c.race_id)
        .outerjoin(track, track.c.track_id == race.c.track_id)
        .where(alert_delivery.c.state == "pending", _OPEN_DELIVERY)
        .order_by(alert.c.alert_id, alert_delivery.c.recipient)
    )  # fmt: skip
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [Waiting(race=race_now(row), **row) for row in rows]


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
