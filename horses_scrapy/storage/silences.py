"""SQL of silences: what is muted until a time, by whom and why."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from horses_scrapy.storage.schema import silence

AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Mutes alerts that match all of `matchers` (alerts/delivery/silence.py), from starts_at until before ends_at."""

    silence_id: int
    matchers: Mapping[str, str]
    starts_at: int
    ends_at: int
    created_by: str
    comment: str


def add(
    connection: Connection, *, matchers: Mapping[str, str], starts_at: int, ends_at: int, created_by: str, comment: str
) -> int:
    """The number of the new silence."""
    values = {
        "matchers": json.dumps(dict(matchers), ensure_ascii=False, sort_keys=True),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "created_by": created_by,
        "comment": comment,
    }
    query = insert(silence).values(values).returning(silence.c.silence_id)
    made: int = connection.execute(query).scalar_one()
    return made


def every(connection: Connection) -> list[Silence]:
    """Also those that are over, the newest first."""
    return [_silence(row) for row in connection.execute(select(silence).order_by(silence.c.silence_id.desc()))]


def active(connection: Connection, at_ms: int) -> list[Silence]:
    query = select(silence).where(silence.c.starts_at <= at_ms, silence.c.ends_at > at_ms)
    return [_silence(row) for row in connection.execute(query.order_by(silence.c.silence_id))]


def expire(connection: Connection, silence_id: int, at_ms: int) -> bool:
    """Whether it was still to end; one that had not begun never does."""
    this = (silence.c.silence_id == silence_id, silence.c.ends_at > at_ms)
    return connection.execute(update(silence).where(*this).values(ends_at=at_ms)).rowcount == 1


def _silence(row: AnyRow) -> Silence:
    return Silence(
        silence_id=row.silence_id,
        matchers=json.loads(row.matchers),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        created_by=row.created_by,
        comment=row.comment,
    )
