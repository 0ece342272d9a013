"""SQL for people who ask what the alert rules did: races of a day, the order of evaluation, alerts and their deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, func, literal, select, union_all

from horses_scrapy.storage.boards import LATE
from horses_scrapy.storage.schema import alert, alert_delivery, board, change, entry, notification, race, source, track

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceHead:
    """A race as it is named and found."""

    race_id: int
    track_key: str
    track_code: str
    track_name: str
    timezone: str
    race_date: str
    race_number: int
    post_time: int | None
    off_at: int | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A stored board or card change of a race. evaluated_at: when the rules saw it, None while it is pending.

    asked: False where no rule ever looks: a board that arrived late, a change that an import or a kept card brought.
    """

    is_board: bool
    key: int
    at: int
    evaluated_at: int | None
    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """One row of alert, with the instants of its board. source_time: the source's own, where it tells one."""

    alert_id: int
    race_id: int | None
    rule: str
    kind: str
    severity: str
    event: str
    scope: str
    market: str
    subject: str
    value: int | None
    message: str
    triggered_at: int
    created_at: int
    source_time: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """One row of alert_delivery, with the instants of the notification that it went into."""

    alert_id: int
    recipient: str
    channel: str
    state: str
    reason: str | None
    notification_id: int | None
    queued_at: int | None
    first_attempt_at: int | None
    accepted_at: int | None
    attempts: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNotification:
    """One row of notification; `alerts` counts those in it."""

    notification_id: int
    recipient: str
    channel: str
    scope: str
    state: str
    created_at: int
    next_at: int
    attempts: int
    last_code: int | None
    last_error: str | None
    alerts: int


def races_on(
    connection: Connection, race_date: str, track: str | None = None, number: int | None = None
) -> list[RaceHead]:
    """Races of a date at the track, by post time; `track` is a key or a code."""
    query = _heads().where(race.c.race_date == race_date)
    if track is not None:
        query = query.where(_named(track))
    if number is not None:
        query = query.where(race.c.race_number == number)
    return _rows(connection, query.order_by(race.c.post_time, _key, race.c.race_number), RaceHead)


def newest_date(connection: Connection, track: str) -> str | None:
    """The last date of a track, by key or code, of which a race is stored."""
    query = select(func.max(race.c.race_date)).join_from(race, _track).where(_named(track))
    newest: str | None = connection.scalar(query)
    return newest


def moments(connection: Connection, race_id: int) -> list[Moment]:
    """In the order in which the rules saw them; what is pending comes last, by time, as a run would take it."""
    late = (literal(",") + board.c.flags + ",").contains(f",{LATE},")
    boards = select(literal(1).label("is_board"), board.c.board_id.label("key"), board.c.fetched_at.label("at"),
                    board.c.evaluated_at, (~late).label("asked")).where(board.c.race_id == race_id)  # fmt: skip
    changes = select(literal(0), change.c.change_id, change.c.at, change.c.evaluated_at, change.c.quiet == 0).where(
        change.c.race_id == race_id
    )
    found = [
        Moment(
            is_board=bool(row.is_board), key=row.key, at=row.at, evaluated_at=row.evaluated_at, asked=bool(row.asked)
        )
        for row in connection.execute(union_all(boards, changes))
    ]
    return sorted(found, key=_order)


def _order(moment: Moment) -> tuple[bool, int, int, bool, int]:
    pending = moment.evaluated_at is None
    return pending, moment.evaluated_at or 0, moment.at, moment.is_board, moment.key


def listed(connection: Connection, race_id: int) -> list[tuple[int, int]]:
    """(created_at, entry_id) of the race's entries: when each came onto the card."""
    query = select(entry.c.created_at, entry.c.entry_id).where(entry.c.race_id == race_id)
    return [(created_at, entry_id) for created_at, entry_id in connection.execute(query)]


def alerts_of(connection: Connection, race_ids: Sequence[int]) -> list[StoredAlert]:
    """In the order in which they were written."""
    query = (
        select(
            alert.c.alert_id, alert.c.race_id, alert.c.rule, alert.c.alert_type.label("kind"), alert.c.severity,
            alert.c.event, alert.c.scope, alert.c.market, alert.c.subject, alert.c.actual_value.label("value"),
            alert.c.message, alert.c.triggered_at, alert.c.created_at, board.c.source_time,
        )
        .join_from(alert, board, board.c.board_id == alert.c.board_id, isouter=True)
        .where(alert.c.race_id.in_(race_ids))
        .order_by(alert.c.alert_id)
    )  # fmt: skip
    return _rows(connection, query, StoredAlert)


def deliveries_of(connection: Connection, alert_ids: Sequence[int]) -> list[StoredDelivery]:
    query = (
        select(
            alert_delivery.c.alert_id, alert_delivery.c.recipient, alert_delivery.c.channel, alert_delivery.c.state,
            alert_delivery.c.reason, alert_delivery.c.notification_id, notification.c.created_at.label("queued_at"),
            notification.c.first_attempt_at, notification.c.accepted_at, notification.c.attempts,
            notification.c.last_error,
        )
        .join_from(alert_delivery, notification, isouter=True)
        .where(alert_delivery.c.alert_id.in_(alert_ids))
        .order_by(alert_delivery.c.alert_id, alert_delivery.c.channel, alert_delivery.c.recipient)
    )  # fmt: skip
    return _rows(connection, query, StoredDelivery)


def notifications(connection: Connection, states: Sequence[str]) -> list[StoredNotification]:
    """Those in one of the states, oldest first."""
    count = (
        select(func.count())
        .where(alert_delivery.c.notification_id == notification.c.notification_id)
        .correlate(notification)
        .scalar_subquery()
    )
    columns = [notification.c[one.name] for one in fields(StoredNotification) if one.name != "alerts"]
    query = select(*columns, count.label("alerts")).where(notification.c.state.in_(states))
    return _rows(connection, query.order_by(notification.c.notification_id), StoredNotification)


def deliveries_by_state(connection: Connection) -> list[tuple[str, str, str | None, int]]:
    """(state, channel, reason, how many), of all deliveries."""
    by = (alert_delivery.c.state, alert_delivery.c.channel, alert_delivery.c.reason)
    rows = connection.execute(select(*by, func.count().label("number")).group_by(*by).order_by(*by))
    return [(row.state, row.channel, row.reason, row.number) for row in rows]


def source_of(connection: Connection, board_id: int) -> tuple[str, str]:
    """(name, notation) of the source that a board is of."""
    query = select(source.c.name, source.c.notation).join_from(board, source).where(board.c.board_id == board_id)
    name, notation = connection.execute(query).one()
    return name, notation


_track = track
_key = track.c.key


def _heads() -> Select[*tuple[Any, ...]]:
    return select(
        race.c.race_id, track.c.key.label("track_key"), func.coalesce(track.c.code, func.upper(track.c.key)).label("track_code"),
        track.c.name.label("track_name"), track.c.timezone, race.c.race_date, race.c.race_number, race.c.post_time, race.c.off_at, race.c.status,
    ).join_from(race, track)  # fmt: skip


def _named(text: str) -> Any:
    folded = text.casefold()
    return (func.lower(track.c.key) == folded) | (func.lower(track.c.code) == folded)


def _rows(connection: Connection, query: Select[*tuple[Any, ...]], kind: type[Row]) -> list[Row]:
    return [kind(**row) for row in connection.execute(query).mappings()]
