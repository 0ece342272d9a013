"""SQL of the alert rules: what is pending, what earlier boards showed, states, alerts and their deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, func, insert, literal, select, union, union_all, update

from horses_scrapy.storage.board_view import RaceView
from horses_scrapy.storage.schema import (
    alert,
    alert_delivery,
    alert_state,
    board,
    change,
    race,
    race_source,
    source,
    track,
)
from horses_scrapy.storage.upsert import upsert

Phase = Literal["pending", "firing"]


@dataclass(frozen=True, slots=True)
class StateRow:
    """One row of alert_state."""

    rule: str
    scope: str
    market: str
    subject: str
    race_id: int | None
    state: Phase
    boards: int
    alerted_value: int | None
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """One row of alert; its units as in schema.py."""

    rule: str
    alert_type: str
    severity: str
    event: str
    scope: str
    race_id: int | None
    entry_id: int | None
    market: str
    subject: str
    unit: str
    threshold_value: int | None
    actual_value: int | None
    previous_value: int | None
    message: str
    detail: str
    triggered_at: int
    board_id: int | None
    expires_at: int | None
    created_at: int
    committed_mono: int


# --- What is pending ---------------------------------------------------------------------------------------------------


def races_pending(connection: Connection, until_ms: int) -> list[int]:
    """Races with a board or a change up to this instant that no rule has seen."""
    boards = select(board.c.race_id).where(board.c.evaluated_at.is_(None), board.c.fetched_at <= until_ms)
    changes = select(change.c.race_id).where(change.c.evaluated_at.is_(None), change.c.at <= until_ms)
    return sorted(connection.execute(union(boards, changes)).scalars())


def pending(connection: Connection, race_id: int) -> list[tuple[int, bool, int]]:
    """(at, whether it is a board, id) of the race's boards and card changes that no rule has seen, by time, changes first."""
    rows = connection.execute(_PENDING, {"of_race": race_id})
    return sorted((at, bool(is_board), key) for at, is_board, key in rows)


def last_evaluation(connection: Connection, race_id: int) -> int | None:
    """The newest evaluated_at of the race's boards and changes."""
    ends = connection.scalars(_LAST, {"of_race": race_id})
    return max((end for end in ends if end is not None), default=None)


def mark_change_evaluated(connection: Connection, change_id: int, at_ms: int) -> bool:
    """Whether it was still pending: two processes never both see True."""
    marked = connection.execute(_MARK_CHANGE, {"of_change": change_id, "evaluated_at": at_ms})
    return marked.rowcount == 1


# --- Whose race it is, whose horse ---------------------------------------------------------------------------------------------


def race_and_source(connection: Connection, race_id: int) -> tuple[RaceView, str]:
    """The race of a card change, and the name of its primary source."""
    row = connection.execute(_RACE, {"of_race": race_id}).one()
    view = RaceView(
        race_id=row.race_id,
        track_key=row.key,
        track_code=row.code or row.key.upper(),
        track_name=row.name,
        timezone=row.timezone,
        race_date=row.race_date,
        race_number=row.race_number,
        post_time=row.post_time,
        url=row.url,
    )
    return view, row.source


# --- States, alerts, deliveries ----------------------------------------------------------------------------------------


def states(connection: Connection, race_id: int | None) -> list[StateRow]:
    """Of a race; for None those that belong to none."""
    query = _STATES_OF_NONE if race_id is None else _STATES
    return [StateRow(*row) for row in connection.execute(query, {"of_race": race_id}).all()]


def save_states(connection: Connection, rows: Sequence[StateRow]) -> None:
    if not rows:
        return
    connection.execute(_save(connection.dialect.name), [_columns(row) for row in rows])


@cache
def _save(dialect: str) -> Any:
    statement = upsert(alert_state, dialect)
    moved = {name: statement.excluded[name] for name in ("state", "boards", "alerted_value", "since")}
    return statement.on_conflict_do_update(index_elements=_IDENTITY, set_=moved)


def forget_states(connection: Connection, keys: Sequence[tuple[str, str, str, str]]) -> None:
    """Identities that are inactive again."""
    if keys:
        rows = [{f"of_{name}": value for name, value in zip(_IDENTITY, key, strict=True)} for key in keys]
        connection.execute(_FORGET, rows)


def add_alert(connection: Connection, new: NewAlert) -> int:
    alert_id: int = connection.execute(_ADD, _columns(new)).scalar_one()
    return alert_id


def _columns(row: StateRow | NewAlert) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in fields(row)}


def add_deliveries(
    connection: Connection, alert_id: int, recipients: Sequence[str], *, channel: str, state: str, reason: str | None
) -> None:
    rows = [
        {"alert_id": alert_id, "recipient": name, "channel": channel, "state": state, "reason": reason}
        for name in recipients
    ]
    connection.execute(_ADD_DELIVERY, rows)


_IDENTITY = ("rule", "scope", "market", "subject")
# Built once: that costs more than running them.
_PENDING = union_all(
    select(change.c.at, literal(0), change.c.change_id).where(
        change.c.race_id == bindparam("of_race"), change.c.evaluated_at.is_(None)
    ),
    select(board.c.fetched_at, literal(1), board.c.board_id).where(
        board.c.race_id == bindparam("of_race"), board.c.evaluated_at.is_(None)
    ),
)
_LAST = union_all(
    *(
        select(func.max(table.c.evaluated_at)).where(table.c.race_id == bindparam("of_race"))
        for table in (board, change)
    )
)
_MARK_CHANGE = (
    update(change)
    .where(change.c.change_id == bindparam("of_change"), change.c.evaluated_at.is_(None))
    .values(evaluated_at=bindparam("evaluated_at"))
)
_RACE = (
    select(
        race.c.race_id, track.c.key, track.c.code, track.c.name, track.c.timezone, race.c.race_date,
        race.c.race_number, race.c.post_time, race_source.c.url, source.c.name.label("source"),
    )
    .join_from(race, track)
    .join(race_source, race_source.c.race_id == race.c.race_id)
    .join(source, source.c.source_id == race_source.c.source_id)
    .where(race.c.race_id == bindparam("of_race"))
    .order_by(race_source.c.is_primary.desc())
    .limit(1)
)  # fmt: skip
_ALL_STATES = select(*(alert_state.c[column.name] for column in fields(StateRow)))
_STATES = _ALL_STATES.where(alert_state.c.race_id == bindparam("of_race"))
_STATES_OF_NONE = _ALL_STATES.where(alert_state.c.race_id.is_(None))
_FORGET = delete(alert_state).where(*(alert_state.c[name] == bindparam(f"of_{name}") for name in _IDENTITY))
_ADD = insert(alert).returning(alert.c.alert_id)
_ADD_DELIVERY = insert(alert_delivery)
