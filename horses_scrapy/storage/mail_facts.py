"""What the rules about ourselves read of the mail: what waits, and what was given up. Read at every tick, along an index."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select, text

from horses_scrapy.storage.schema import alert, alert_delivery, notification

HOUR_MS = 3_600_000
NEWEST_NOTIFICATIONS = 1000
"""Looked through for those that were given up: a few times what an hour brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFacts:
    """One channel. frozen_at: since when its oldest finished message waits; alert_at: its oldest alert that is in none.

    dead: messages of the last hour that were given up.
    """

    channel: str
    frozen_at: int | None = None
    alert_at: int | None = None
    dead: int = 0


def mail_facts(connection: Connection, now_ms: int) -> tuple[MailFacts, ...]:
    """Of each channel that has something to tell of."""
    frozen = {row.channel: row.since for row in connection.execute(_frozen_query())}
    loose = {row.channel: row.since for row in connection.execute(_loose_query())}
    dead = {row.channel: row.dead for row in connection.execute(_dead_query(now_ms))}
    return tuple(
        MailFacts(
            channel=channel, frozen_at=frozen.get(channel), alert_at=loose.get(channel), dead=dead.get(channel, 0)
        )
        for channel in sorted(frozen.keys() | loose.keys() | dead.keys())
    )


def _frozen_query() -> Select[*tuple[Any, ...]]:
    # Written out, not bound: SQLite uses a partial index only where the query repeats its condition.
    still_open = text("notification.state IN ('pending', 'leased')")
    since = func.min(notification.c.created_at).label("since")
    return select(notification.c.channel, since).where(still_open).group_by(notification.c.channel)


def _loose_query() -> Select[*tuple[Any, ...]]:
    still_open = text("alert_delivery.state IN ('pending', 'leased')")
    since = func.min(alert.c.created_at).label("since")
    return (
        select(alert_delivery.c.channel, since)
        .join(alert, alert.c.alert_id == alert_delivery.c.alert_id)
        .where(still_open, alert_delivery.c.state == "pending")
        .group_by(alert_delivery.c.channel)
    )


def _dead_query(now_ms: int) -> Select[*tuple[Any, ...]]:
    newest = select(func.max(notification.c.notification_id)).scalar_subquery()
    return (
        select(notification.c.channel, func.count().label("dead"))
        .where(
            notification.c.notification_id > newest - NEWEST_NOTIFICATIONS,
            notification.c.state == "dead",
            notification.c.created_at >= now_ms - HOUR_MS,
        )
        .group_by(notification.c.channel)
    )
