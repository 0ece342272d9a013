"""What differs as soon as anything differs that is shown of a race, or of the races of some days: quicker to read than they."""

from collections.abc import Hashable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, bindparam, cast, func, literal, select

from horses_scrapy.storage.schema import alert, alert_delivery, board, change, entry, payoff, race, race_source, result


def race_mark(connection: Connection, race_id: int) -> Hashable:
    """Of the race's card, boards, result, and alerts with their deliveries."""
    return tuple(connection.execute(_RACE, {"of_race": race_id}).one())


def races_mark(connection: Connection, since_date: str) -> Hashable:
    """Of all boards, card changes and alerts, and of races from a date at the track on."""
    return tuple(connection.execute(_RACES, {"since": since_date}).one())


def _told(*columns: Any) -> ColumnElement[str]:
    """All rows' values as one text."""
    text: Any = literal("")
    for column in columns:
        text = text + func.coalesce(cast(column, Text), "-") + "|"
    return func.aggregate_strings(text, ",")


def _race_statement() -> Select[*tuple[Any, ...]]:
    of: Any = bindparam("of_race")
    own = race.c.race_id == of
    parts: list[Select[*tuple[Any, ...]]] = [
        select(_told(*race.c)).where(own),
        select(_told(race_source.c.source_id, race_source.c.is_primary, race_source.c.url)).where(race_source.c.race_id == of),
        select(func.max(board.c.board_id)).where(board.c.race_id == of),
        select(func.count()).where(board.c.race_id == of),
        select(func.max(change.c.change_id)).where(change.c.race_id == of),
        select(func.sum(entry.c.updated_at)).where(entry.c.race_id == of),
        select(_told(result.c.entry_id, result.c.position, result.c.status)).where(result.c.race_id == of),
        select(_told(payoff.c.bet_type, payoff.c.combination, payoff.c.payout, payoff.c.base)).where(payoff.c.race_id == of),
        select(func.max(alert.c.alert_id)).where(alert.c.race_id == of),
        select(_told(alert_delivery.c.alert_id, alert_delivery.c.state, alert_delivery.c.reason))
        .join_from(alert, alert_delivery, alert_delivery.c.alert_id == alert.c.alert_id)
        .where(alert.c.race_id == of),
    ]  # fmt: skip
    return select(*(part.scalar_subquery() for part in parts))


def _races_statement() -> Select[*tuple[Any, ...]]:
    newest = [
        select(func.max(column)).scalar_subquery()
        for column in (board.c.board_id, change.c.change_id, alert.c.alert_id, entry.c.entry_id, race.c.race_id)
    ]
    recent = race.c.race_date >= bindparam("since")
    return select(*newest, select(func.sum(race.c.updated_at)).where(recent).scalar_subquery())


# Built once: that costs more than running them.
_RACE = _race_statement()
_RACES = _races_statement()
