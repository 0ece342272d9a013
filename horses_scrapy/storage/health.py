"""What the health check asks and writes. Instants are epoch milliseconds of the process's clock; read along an index."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    bindparam,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
)

from horses_scrapy.storage.schema import board, crawl_run, leader, meta, race_source, slot
from horses_scrapy.storage.slots import PLANNED
from horses_scrapy.storage.upsert import upsert

WRITTEN = "health_check"
GOOD = "ok"


@dataclass(frozen=True, slots=True)
class Leading:
    """Who leads under a name, and when it last said so."""

    holder: str
    renewed_at: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """A slot that was due and is not posted."""

    job_id: str
    due_at: int


@dataclass(frozen=True, slots=True)
class LastRuns:
    """Of a track. good_at: when the newest crawl that brought boards or a card ended; the others: of the newest ended one."""

    good_at: int | None = None
    run_id: int | None = None
    outcome: str | None = None
    reason: str | None = None
    ended_at: int | None = None
    degraded: bool = False


def note_check(connection: Connection, now_ms: int) -> None:
    """A real write: its value differs each time."""
    row = upsert(meta, connection.dialect.name).values(key=WRITTEN, value=str(now_ms))
    connection.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": row.excluded.value}))


def leading(connection: Connection, name: str) -> Leading | None:
    row = connection.execute(select(leader.c.holder, leader.c.renewed_at).where(leader.c.name == name)).one_or_none()
    return None if row is None else Leading(row.holder, row.renewed_at)


def overdue(connection: Connection, due_before: Mapping[str, int], since_ms: int) -> list[Overdue]:
    """Slots of these kinds that were due before an instant each, and not before `since_ms`; oldest first."""
    late = or_(*(((slot.c.kind == kind) & (slot.c.due_at < before)) for kind, before in due_before.items()))
    query = select(slot.c.job_id, slot.c.due_at).where(slot.c.state == PLANNED, slot.c.due_at >= since_ms, late)
    return [Overdue(*row) for row in connection.execute(query.order_by(slot.c.due_at))]


def posted_at(connection: Connection, job_ids: Collection[str]) -> dict[str, int]:
    """When these jobs were given to scrapyd, as far as they have a slot."""
    query = select(slot.c.job_id, slot.c.posted_at).where(slot.c.job_id.in_(job_ids), slot.c.posted_at.is_not(None))
    return {row.job_id: row.posted_at for row in connection.execute(query)}


def last_runs(connection: Connection, tracks: Iterable[str]) -> dict[str, LastRuns]:
    """By track key."""
    keys = tuple(sorted(tracks))
    rows = connection.execute(_last_runs(keys)) if keys else ()
    return {
        key: LastRuns(good_at, run_id, outcome, reason, ended_at, bool(degraded))
        for key, good_at, run_id, outcome, reason, ended_at, degraded in rows
    }


def newest_boards(connection: Connection, race_ids: Collection[int]) -> dict[int, int]:
    """When the newest board of each of these races was fetched."""
    rows = connection.execute(_NEWEST_BOARDS, {"races": list(race_ids)})
    return {race_id: at for race_id, at in rows if at is not None}


def newest_instant(connection: Connection) -> int | None:
    """The latest that was written by our clock, of what is written often."""
    run = select(crawl_run.c.started_at, crawl_run.c.finished_at).order_by(crawl_run.c.run_id.desc()).limit(1)
    shown = select(board.c.fetched_at).order_by(board.c.board_id.desc()).limit(1)
    found = [at for row in connection.execute(run) for at in row]
    found += [connection.scalar(shown), connection.scalar(select(func.max(leader.c.renewed_at)))]
    return max((at for at in found if at is not None), default=None)


def server_ms(connection: Connection) -> int:
    """What the clock of a PostgreSQL server says."""
    query = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)")
    said: int = connection.execute(query).scalar_one()
    return said


# Of each source its newest: a race has hundreds of boards.
_NEWEST = (
    select(func.max(board.c.fetched_at))
    .where(board.c.race_id == race_source.c.race_id, board.c.source_id == race_source.c.source_id)
    .correlate(race_source)
    .scalar_subquery()
)
_NEWEST_BOARDS = (
    select(race_source.c.race_id, func.max(_NEWEST))
    .where(race_source.c.race_id.in_(bindparam("races", expanding=True)))
    .group_by(race_source.c.race_id)
)


@lru_cache(maxsize=16)  # building it costs more than running it
def _last_runs(keys: tuple[str, ...]) -> Select[*tuple[Any, ...]]:
    """All tracks at once; of each no more than its newest runs is read."""
    of = union_all(*(select(literal(key).label("track")) for key in keys)).subquery("of")
    run, last = crawl_run.alias("run"), crawl_run.alias("last")

    def newest(column: ColumnElement[Any], condition: ColumnElement[bool]) -> ScalarSelect[Any]:
        query = select(column).where(run.c.track == of.c.track, condition)
        return query.order_by(run.c.started_at.desc(), run.c.run_id.desc()).limit(1).correlate(of).scalar_subquery()

    good_at = newest(run.c.finished_at, run.c.outcome == GOOD)
    ended = last.c.run_id == newest(run.c.run_id, run.c.outcome.is_not(None))
    told = (last.c.run_id, last.c.outcome, last.c.reason, last.c.finished_at, last.c.degraded)
    return select(of.c.track, good_at, *told).select_from(of.outerjoin(last, ended))
