"""Updates: their runs, the jobs that they asked for, and what these changed. Instants are epoch milliseconds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from horses_scrapy.storage.schema import change, crawl_run, entry, race, slot, synced_day, track, update_run
from horses_scrapy.storage.slots import FAILED, PLANNED, UPDATE

BASELINE = "baseline"
"""Outcome of the row that says since when an update is watched: nothing before it was missed."""
LOST = "lost"
SETTLED = ("official", "cancelled", "postponed")
"""A past race in one of these has nothing missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRun:
    """due_at: what the cron expression said; None where a person asked."""

    update_run_id: int
    name: str
    due_at: int | None
    trigger: str
    started_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateJob:
    """One job of an update. state: of its slot; outcome: of the run that claimed it, None while there is none or it runs."""

    track: str
    job_id: str
    state: str
    arguments: str  # JSON
    run_id: int | None
    outcome: str | None
    reason: str | None

    @property
    def ended(self) -> bool:
        return self.state == FAILED or self.outcome is not None


@dataclass(frozen=True, slots=True)
class Changed:
    """A field of a race, or of a runner in it, that moved."""

    track: str
    race_date: str
    race_number: int
    runner: str | None
    field: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        of_runner = "" if self.runner is None else f" #{self.runner}"
        return f"{self.track} {self.race_date} R{self.race_number}{of_runner} {self.field}: {self.old} -> {self.new}"


def begin(connection: Connection, name: str, due_at: int | None, trigger: str, at_ms: int) -> int | None:
    """The run's id; None where this instant has one already."""
    same = and_(update_run.c.name == name, update_run.c.due_at == due_at)
    if due_at is not None and connection.execute(select(update_run.c.update_run_id).where(same)).first() is not None:
        return None
    row = {"name": name, "due_at": due_at, "trigger": trigger, "started_at": at_ms}
    made: int = connection.execute(insert(update_run).values(row).returning(update_run.c.update_run_id)).scalar_one()
    return made


def note_baseline(connection: Connection, name: str, at_ms: int) -> None:
    made = begin(connection, name, at_ms, UPDATE, at_ms)
    if made is not None:
        finish(connection, made, at_ms, BASELINE)


def last_due(connection: Connection) -> dict[str, int]:
    """The newest instant that each update was begun for."""
    query = select(update_run.c.name, func.max(update_run.c.due_at)).where(update_run.c.due_at.is_not(None))
    return {row[0]: row[1] for row in connection.execute(query.group_by(update_run.c.name))}


def open_runs(connection: Connection) -> list[UpdateRun]:
    query = select(update_run).where(update_run.c.finished_at.is_(None)).order_by(update_run.c.update_run_id)
    return [_run(row) for row in connection.execute(query)]


def run_of(connection: Connection, update_run_id: int) -> UpdateRun:
    return _run(connection.execute(select(update_run).where(update_run.c.update_run_id == update_run_id)).one())


def _run(row: Row[tuple[object, ...]]) -> UpdateRun:
    return UpdateRun(
        update_run_id=row.update_run_id,
        name=row.name,
        due_at=row.due_at,
        trigger=row.trigger,
        started_at=row.started_at,
    )


def outcome_of(connection: Connection, update_run_id: int) -> str | None:
    """None while it runs."""
    found: str | None = connection.scalar(
        select(update_run.c.outcome).where(update_run.c.update_run_id == update_run_id)
    )
    return found


def jobs_of(connection: Connection, update_run_id: int) -> list[UpdateJob]:
    """In the order in which they were asked for."""
    query = (
        select(slot, crawl_run.c.outcome, crawl_run.c.reason.label("why"))
        .outerjoin(crawl_run, crawl_run.c.run_id == slot.c.run_id)
        .where(slot.c.update_run_id == update_run_id)
        .order_by(slot.c.due_at, slot.c.track)
    )
    return [
        UpdateJob(
            track=row.track,
            job_id=row.job_id,
            state=row.state,
            arguments=row.arguments,
            run_id=row.run_id,
            outcome=row.outcome,
            reason=row.reason or row.why,
        )
        for row in connection.execute(query)
    ]


def give_up(connection: Connection, update_run_id: int, reason: str) -> None:
    """Its jobs that are not posted yet will not be."""
    planned = (slot.c.update_run_id == update_run_id, slot.c.state == PLANNED)
    connection.execute(update(slot).where(*planned).values(state=FAILED, reason=reason))


def finish(
    connection: Connection,
    update_run_id: int,
    at_ms: int,
    outcome: str,
    counts: Mapping[str, int] | None = None,
    detail: str | None = None,
) -> bool:
    """False where another process did so before. counts: added, changed, missing."""
    query = update(update_run).where(update_run.c.update_run_id == update_run_id, update_run.c.finished_at.is_(None))
    values = {"finished_at": at_ms, "outcome": outcome, "detail": detail, **(counts or {})}
    return connection.execute(query.values(values)).rowcount == 1


# --- What it changed ----------------------------------------------------------------------------------------------------


def changes_of(connection: Connection, run_ids: Collection[int]) -> list[Changed]:
    """What these crawls changed on cards and in results, in the order in which they did."""
    query = (
        select(
            track.c.key, race.c.race_date, race.c.race_number, entry.c.program_number,
            change.c.field, change.c.old, change.c.new,
        )
        .join_from(change, race)
        .join(track)
        .outerjoin(entry, entry.c.entry_id == change.c.entry_id)
        .where(change.c.run_id.in_(run_ids))
        .order_by(change.c.change_id)
    )  # fmt: skip
    return [Changed(*row) for row in connection.execute(query)]


def new_races(connection: Connection, run_ids: Collection[int]) -> int:
    """Races that were first stored while these crawls had their tracks: one crawl at a time may write a track."""
    during = and_(
        crawl_run.c.track == track.c.key,
        race.c.created_at >= crawl_run.c.started_at,
        race.c.created_at <= func.coalesce(crawl_run.c.finished_at, race.c.created_at),
    )
    query = (
        select(func.count(race.c.race_id.distinct()))
        .join_from(race, track)
        .join(crawl_run, during)
        .where(crawl_run.c.run_id.in_(run_ids))
    )
    return connection.execute(query).scalar_one()


def without_result(connection: Connection, key: str, first: date, last: date) -> list[str]:
    """The track's races from one day to another that neither have an official result nor were called off."""
    query = (
        select(race.c.race_date, race.c.race_number)
        .join(track)
        .where(
            track.c.key == key,
            race.c.race_date.between(first.isoformat(), last.isoformat()),
            race.c.status.not_in(SETTLED),
        )
        .order_by(race.c.race_date, race.c.race_number)
    )
    return [f"{key} {row.race_date} R{row.race_number}" for row in connection.execute(query)]


# --- What to ask for ----------------------------------------------------------------------------------------------------


def racing(connection: Connection, now_ms: int, before_ms: int, after_ms: int, cap_ms: int) -> frozenset[str]:
    """Tracks in their racing hours: from so long before a day's first post until so long after its last official result.

    A race that never became official counts as over `cap_ms` after its post.
    """
    over = func.max(func.coalesce(race.c.official_at, race.c.post_time + cap_ms))
    near = race.c.post_time.between(now_ms - 86_400_000, now_ms + 86_400_000)
    query = (
        select(track.c.key)
        .join_from(race, track)
        .where(near, or_(race.c.status.not_in(("cancelled", "postponed")), race.c.official_at.is_not(None)))
        .group_by(track.c.key, race.c.race_date)
        .having(and_(func.min(race.c.post_time) - before_ms <= now_ms, over + after_ms >= now_ms))
    )
    return frozenset(connection.execute(query).scalars())


def days_synced(connection: Connection, key: str, first: date, last: date) -> list[int]:
    """When each of the track's past days from one to another was read by historical_sync, oldest first."""
    own = (synced_day.c.track == key, synced_day.c.race_date.between(first.isoformat(), last.isoformat()))
    return list(
        connection.execute(select(synced_day.c.synced_at).where(*own).order_by(synced_day.c.synced_at)).scalars()
    )
