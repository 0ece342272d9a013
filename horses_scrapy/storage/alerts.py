"""SQL of the alert rules: what is pending, what earlier boards showed, states, alerts and their deliveries."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, union, update

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
AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
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


def pending_boards(connection: Connection, race_id: int) -> list[tuple[int, int]]:
    """(fetched_at, board_id) of the race's boards that no rule has seen, oldest first."""
    query = (
        select(board.c.fetched_at, board.c.board_id)
        .where(board.c.race_id == race_id, board.c.evaluated_at.is_(None))
        .order_by(board.c.fetched_at, board.c.board_id)
    )
    return [(fetched_at, board_id) for fetched_at, board_id in connection.execute(query)]


def pending_changes(connection: Connection, race_id: int) -> list[tuple[int, int]]:
    """(at, change_id) of the race's card changes that no rule has seen, oldest first."""
    query = (
        select(change.c.at, change.c.change_id)
        .where(change.c.race_id == race_id, change.c.evaluated_at.is_(None))
        .order_by(change.c.at, change.c.change_id)
    )
    return [(at, change_id) for at, change_id in connection.execute(query)]


def last_evaluation(connection: Connection, race_id: int) -> int | None:
    """The newest evaluated_at of the race's boards and changes."""
    ends = [
        connection.scalar(select(func.max(table.c.evaluated_at)).where(table.c.race_id == race_id))
        for table in (board, change)
    ]
    return max((end for end in ends if end is not None), default=None)


def mark_change_evaluated(connection: Connection, change_id: int, at_ms: int) -> bool:
    """Whether it was still pending: two processes never both see True."""
    marked = connection.execute(
        update(change)
        .where(change.c.change_id == change_id, change.c.evaluated_at.is_(None))
        .values(evaluated_at=at_ms)
    )
    return marked.rowcount == 1


# --- Whose race it is, whose horse ---------------------------------------------------------------------------------------------


def race_and_source(connection: Connection, race_id: int) -> tuple[RaceView, str]:
    """The race of a card change, and the name of its primary source."""
    query = (
        select(
            race.c.race_id, track.c.key, track.c.code, track.c.name, track.c.timezone, race.c.race_date,
            race.c.race_number, race.c.post_time, race_source.c.url, source.c.name.label("source"),
        )
        .join_from(race, track)
        .join(race_source, race_source.c.race_id == race.c.race_id)
        .join(source, source.c.source_id == race_source.c.source_id)
        .where(race.c.race_id == race_id)
        .order_by(race_source.c.is_primary.desc())
        .limit(1)
    )  # fmt: skip
    row = connection.execute(query).one()
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
    query = select(alert_state).where(alert_state.c.race_id == race_id)
    return [StateRow(**row) for row in connection.execute(query).mappings()]


def save_states(connection: Connection, rows: Sequence[StateRow]) -> None:
    if not rows:
        return
    connection.execute(_save(connection.dialect.name), [asdict(row) for row in rows])


@cache
def _save(dialect: str) -> Any:
    statement = upsert(alert_state, dialect)
    moved = {name: statement.excluded[name] for name in ("state", "boards", "alerted_value", "since")}
    return statement.on_conflict_do_update(index_elements=["rule", "scope", "market", "subject"], set_=moved)


def forget_states(connection: Connection, keys: Sequence[tuple[str, str, str, str]]) -> None:
    """Identities that are inactive again."""
    names = ("rule", "scope", "market", "subject")
    if keys:
        same = [alert_state.c[name] == bindparam(f"of_{name}") for name in names]
        rows = [{f"of_{name}": value for name, value in zip(names, key, strict=True)} for key in keys]
        connection.execute(delete(alert_state).where(*same), rows)


def add_alert(connection: Connection, new: NewAlert) -> int:
    alert_id: int = connection.execute(insert(alert).values(**asdict(new)).returning(alert.c.alert_id)).scalar_one()
    return alert_id


def add_deliveries(
    connection: Connection, alert_id: int, recipients: Sequence[str], *, channel: str, state: str, reason: str | None
) -> None:
    rows = [
        {"alert_id": alert_id, "recipient": name, "channel": channel, "state": state, "reason": reason}
        for name in recipients
    ]
    connection.execute(insert(alert_delivery), rows)
