"""SQL for what a flush decides by: earlier messages, runners as they stand, what fires about sources, what was held back."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, Subquery, and_, func, or_, select, text, update

from horses_scrapy.items import OUT
from horses_scrapy.storage.schema import (
    alert,
    alert_delivery,
    alert_state,
    betting_interest,
    crawl_run,
    entry,
    horse,
    latest_odds,
    notification,
    race,
    race_source,
)

AnyRow = Row[*tuple[Any, ...]]

# Written out, not bound: SQLite uses a partial index only where the query repeats its condition.
_OPEN = text("alert_delivery.state IN ('pending', 'leased')")
_UNTOLD = text("alert_delivery.state = 'capped' AND alert_delivery.notification_id IS NULL")


@dataclass(frozen=True, slots=True)
class Sent:
    """A notification that was made. scope: race:<id>, track:<key>, system, or that of a notice of ours."""

    recipient: str
    channel: str
    scope: str
    created_at: int


@dataclass(frozen=True, slots=True)
class SentAbout:
    """One of a scope that has alerts waiting. kind: of one of its alerts; all of them outlive their race, or none."""

    sent: Sent
    kind: str


@dataclass(frozen=True, slots=True)
class RunnerNow:
    """An entry of a race as it stands. out: it will not run, or the board shows its interest as scratched."""

    label: str
    program_number: str
    horse_key: str
    out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """An alert that a cap held back and that no summary has told. reason: as it stands in its delivery.

    waiting: whether other alerts of its race still wait for the same recipient.
    """

    alert_id: int
    recipient: str
    channel: str
    reason: str
    kind: str
    created_at: int
    expires_at: int | None
    detail: str
    scope: str
    status: str | None
    off_at: int | None
    waiting: bool


# --- What waits, and what went before it -------------------------------------------------------------------------------


def _waiting() -> Subquery:
    """(recipient, scope, race_id) of what waits."""
    return (
        select(alert_delivery.c.recipient, alert.c.scope, alert.c.race_id)
        .join_from(alert_delivery, alert)
        .where(alert_delivery.c.state == "pending", _OPEN)
        .subquery()
    )


def sent_since(connection: Connection, since_ms: int) -> list[Sent]:
    """What was made for recipients that have alerts waiting, oldest first for each."""
    query = _recent(select(*_SENT), since_ms).order_by(notification.c.created_at)
    return [Sent(*row) for row in connection.execute(query)]


def sent_about(connection: Connection, since_ms: int) -> list[SentAbout]:
    """Those of them that are about a race or a track that has alerts waiting."""
    kind = (
        select(alert.c.alert_type)
        .join_from(alert_delivery, alert)
        .where(alert_delivery.c.notification_id == notification.c.notification_id)
        .limit(1)
        .correlate(notification)
        .scalar_subquery()
    )
    scopes = select(_waiting().c.scope)
    query = _recent(select(*_SENT, kind), since_ms).where(notification.c.scope.in_(scopes))
    return [SentAbout(Sent(*row[:-1]), row[-1]) for row in connection.execute(query) if row[-1] is not None]


_SENT = (notification.c.recipient, notification.c.channel, notification.c.scope, notification.c.created_at)


def _recent(query: Select[*tuple[Any, ...]], since_ms: int) -> Select[*tuple[Any, ...]]:
    # The channels stand there so that the index is used as far as created_at.
    channels = select(alert_delivery.c.channel).distinct().where(_OPEN)
    return query.where(
        notification.c.recipient.in_(select(_waiting().c.recipient)),
        notification.c.channel.in_(channels),
        notification.c.created_at > since_ms,
    )


def runners_now(connection: Connection) -> dict[int, list[RunnerNow]]:
    """By race, of the races that have alerts waiting."""
    shown_out = (
        select(latest_odds.c.interest_id)
        .join_from(latest_odds, race_source, race_source.c.source_id == latest_odds.c.source_id)
        .where(
            latest_odds.c.interest_id == betting_interest.c.interest_id,
            race_source.c.race_id == betting_interest.c.race_id,
            race_source.c.is_primary == 1,
            latest_odds.c.market == "win_tote",
            latest_odds.c.status == "scratched",
        )
        .correlate(betting_interest)
        .exists()
    )
    query = (
        select(
            entry.c.race_id, betting_interest.c.label, entry.c.program_number, horse.c.name_key,
            or_(entry.c.status.in_(sorted(OUT)), shown_out).label("out"),
        )
        .join_from(entry, betting_interest, betting_interest.c.interest_id == entry.c.interest_id)
        .join(horse, horse.c.horse_id == entry.c.horse_id)
        .where(entry.c.race_id.in_(select(_waiting().c.race_id)))
        .order_by(entry.c.entry_id)
    )  # fmt: skip
    found: defaultdict[int, list[RunnerNow]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.race_id].append(RunnerNow(row.label, row.program_number, row.name_key, bool(row.out)))
    return dict(found)


def firing_about_tracks(connection: Connection) -> list[tuple[str, str, str, int]]:
    """(rule, subject, track key, since) of system rules that fire about a track."""
    columns = (alert_state.c.rule, alert_state.c.subject, alert_state.c.scope, alert_state.c.since)
    query = select(*columns).where(
        alert_state.c.race_id.is_(None), alert_state.c.state == "firing", alert_state.c.scope.startswith("track:")
    )
    rows = connection.execute(query)
    return [(rule, subject, scope.removeprefix("track:"), since) for rule, subject, scope, since in rows]


# --- What caps held back ------------------------------------------------------------------------------------------------


def untold(connection: Connection) -> list[Untold]:
    """In the order of their alerts."""
    query = (
        select(
            alert.c.alert_id, alert_delivery.c.recipient, alert_delivery.c.channel, alert_delivery.c.reason,
            alert.c.alert_type.label("kind"), alert.c.created_at, alert.c.expires_at, alert.c.detail, alert.c.scope,
            race.c.status, race.c.off_at,
        )
        .join_from(alert_delivery, alert)
        .outerjoin(race, race.c.race_id == alert.c.race_id)
        .where(_UNTOLD)
        .order_by(alert.c.alert_id)
    )  # fmt: skip
    rows = [dict(row) for row in connection.execute(query).mappings()]
    still = _still_waiting(connection) if rows else set()
    return [Untold(**row, waiting=(row["recipient"], row["channel"], row["scope"]) in still) for row in rows]


def _still_waiting(connection: Connection) -> set[tuple[str, str, str]]:
    query = (
        select(alert_delivery.c.recipient, alert_delivery.c.channel, alert.c.scope)
        .join_from(alert_delivery, alert)
        .where(alert_delivery.c.state == "pending", _OPEN)
        .distinct()
    )
    return {(recipient, channel, scope) for recipient, channel, scope in connection.execute(query)}


def told_by(connection: Connection, which: Sequence[Untold], notification_id: int) -> None:
    """The summary that told of them. They stay capped."""
    recipients = {(each.recipient, each.channel) for each in which}
    for recipient, channel in recipients:
        keys = [each.alert_id for each in which if (each.recipient, each.channel) == (recipient, channel)]
        connection.execute(
            update(alert_delivery)
            .where(alert_delivery.c.alert_id.in_(keys), alert_delivery.c.recipient == recipient)
            .where(alert_delivery.c.channel == channel, alert_delivery.c.state == "capped")
            .values(notification_id=notification_id)
        )


# --- The day --------------------------------------------------------------------------------------------------------------


def states_of(connection: Connection, recipient: str, channel: str, since_ms: int, until_ms: int) -> dict[str, int]:
    """How many of a recipient's deliveries are in each state, of alerts made in that time."""
    query = (
        select(alert_delivery.c.state, func.count())
        .join_from(alert_delivery, alert)
        .where(alert.c.created_at > since_ms, alert.c.created_at <= until_ms)
        .where(alert_delivery.c.recipient == recipient, alert_delivery.c.channel == channel)
        .group_by(alert_delivery.c.state)
    )
    return {state: count for state, count in connection.execute(query)}  # noqa: C416 (rows are no pairs to mypy)


def made_for(connection: Connection, recipient: str, channel: str, scope: str, since_ms: int) -> bool:
    """Whether a notification of that scope was made since."""
    query = select(notification.c.notification_id).where(
        and_(notification.c.recipient == recipient, notification.c.channel == channel),
        notification.c.created_at > since_ms,
        notification.c.scope == scope,
    )
    return connection.execute(query.limit(1)).first() is not None


def tracks_crawled(connection: Connection, since_ms: int) -> list[str]:
    """Keys of tracks with a crawl that began since."""
    query = select(crawl_run.c.track).distinct().where(crawl_run.c.started_at > since_ms).order_by(crawl_run.c.track)
    return list(connection.execute(query).scalars())
