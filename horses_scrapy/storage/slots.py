"""What the scheduler keeps and reads: slots, runs that were lost, and what was evaluated since it last looked.

Instants are epoch milliseconds of the process's clock; `*_mono` real milliseconds since boot.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from horses_scrapy.clock import Clock
from horses_scrapy.storage import schema

CARD, NEAR, WINDOW, POLL = "card", "near", "window", "poll"
"""Kinds of slot: every race of the day that is not over; the races near their post; one job that polls these by itself for
a while; a poll inside such a window. An update's jobs have its name as their kind."""
KINDS = (CARD, NEAR, WINDOW)
"""Those of the cadence."""
PLANNED, POSTED, FAILED = "planned", "posted", "failed"
SCHEDULE, UPDATE, MANUAL = schema.TRIGGERS


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRow:
    """A due poll. planned: written, not known to be posted; posted: scrapyd has it; failed: given up, for `reason`.

    until_at, every (milliseconds): of a window. arguments: the spider's, beyond those that the scheduler adds.
    run_id: the run that claimed it.
    """

    track: str
    kind: str
    due_at: int
    due_mono: int
    job_id: str
    state: str = PLANNED
    posted_at: int | None = None
    races: tuple[int, ...] = ()
    trigger: str = SCHEDULE
    arguments: Mapping[str, str] = field(default_factory=dict)
    until_at: int | None = None
    every: int | None = None
    run_id: int | None = None
    reason: str | None = None
    node: str | None = None
    update_run_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """How far a slot has come, in real milliseconds since boot; None: not reached."""

    queued_mono: int | None = None
    started_mono: int | None = None
    requested_mono: int | None = None
    responded_mono: int | None = None
    committed_mono: int | None = None


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A crawl_run that has not ended; kind and until_at are its slot's. leased: it holds its track's lease now."""

    run_id: int
    track: str
    job_id: str | None
    kind: str
    started_at: int
    until_at: int | None
    leased: bool


@dataclass(frozen=True, slots=True)
class EvaluatedBoard:
    """A board that the alert rules have seen, and how many alerts it fired."""

    board_id: int
    track_code: str
    race_number: int
    alerts: int


def write_slot(connection: Connection, row: SlotRow, stages: Stages = Stages()) -> bool:
    """Keep a due poll before it is posted. False: this slot was written before, do not post it."""
    values = {name: getattr(row, name) for name in _WRITTEN}
    values["arguments"] = json.dumps(dict(row.arguments), separators=(",", ":"))
    values["races"] = ",".join(map(str, row.races))
    if connection.execute(_SAME_SLOT, {f"of_{name}": values[name] for name in _NAMED_BY}).first() is not None:
        return False
    connection.execute(_NEW_SLOT, {**values, "queued_mono": stages.queued_mono, "started_mono": stages.started_mono})
    return True


_WRITTEN = (
    "track", "kind", "due_at", "due_mono", "job_id", "state", "posted_at", "trigger", "until_at", "every", "run_id", "node",
    "update_run_id",
)  # fmt: skip
_NAMED_BY = ("track", "kind", "due_at", "job_id")
# Built once: that costs more than running them.
_SAME_SLOT = select(schema.slot.c.job_id).where(
    or_(
        and_(*(schema.slot.c[name] == bindparam(f"of_{name}") for name in ("track", "kind", "due_at"))),
        schema.slot.c.job_id == bindparam("of_job_id"),
    )
)
_NEW_SLOT = insert(schema.slot)


def mark_slot(connection: Connection, job_id: str, state: str, at_ms: int, reason: str | None = None) -> None:
    """Decide a planned slot; one that is decided stays as it is. `reason`: why it is given up."""
    slot = schema.slot
    posted = {"posted_at": at_ms, "queued_mono": Clock.monotonic_ms()} if state == POSTED else {}
    query = update(slot).where(slot.c.job_id == job_id, slot.c.state == PLANNED)
    connection.execute(query.values(state=state, reason=reason, **posted))


def claim_slot(connection: Connection, job_id: str, run_id: int) -> SlotRow | None:
    """Make the run the one that counts for its slot; None where no slot asked for the job.

    The slot as it stands then: `run_id` is another's where that one was first.
    """
    slot = schema.slot
    mine = update(slot).where(slot.c.job_id == job_id, slot.c.run_id.is_(None))
    connection.execute(mine.values(run_id=run_id, started_mono=Clock.monotonic_ms()))
    found = slots_of(connection, select(slot).where(slot.c.job_id == job_id))
    return found[0] if found else None


def note_stages(connection: Connection, job_id: str, stages: Stages) -> None:
    """What is known of a slot's lateness; a stage that was noted stays as it was."""
    told = {f"now_{stage.name}": getattr(stages, stage.name) for stage in fields(Stages)}
    if any(value is not None for value in told.values()):
        connection.execute(_NOTE, {"of_job": job_id, **told})


_NOTE = (
    update(schema.slot)
    .where(schema.slot.c.job_id == bindparam("of_job"))
    .values(
        {
            stage.name: func.coalesce(schema.slot.c[stage.name], bindparam(f"now_{stage.name}", type_=BigInteger))
            for stage in fields(Stages)
        }
    )
)


def give_up_slot(connection: Connection, job_id: str, reason: str) -> bool:
    """Of a slot that was posted and is lost. False: a run has claimed it meanwhile."""
    slot = schema.slot
    lost = update(slot).where(slot.c.job_id == job_id, slot.c.run_id.is_(None))
    return connection.execute(lost.values(state=FAILED, reason=reason)).rowcount == 1


def recent_slots(
    connection: Connection, tracks: Collection[str], since_ms: int, kinds: Collection[str] = KINDS
) -> list[SlotRow]:
    """The slots of these tracks that were due at or after an instant, oldest first. Read along the primary key."""
    slot = schema.slot
    query = select(slot).where(slot.c.track.in_(tracks), slot.c.kind.in_(kinds), slot.c.due_at >= since_ms)
    return slots_of(connection, query.order_by(slot.c.due_at))


def slots_at_hand(
    connection: Connection, tracks: Collection[str], since_ms: int, settled_since_ms: int
) -> list[SlotRow]:
    """Of `recent_slots` all cards, what was due since `settled_since_ms`, and older ones that may still come to something.

    These have no run yet, or one that is open, or one that was given up while its job may go on.
    """
    slot, run = schema.slot, schema.crawl_run
    open_yet = and_(slot.c.state != FAILED, or_(run.c.outcome.is_(None), run.c.outcome == "lost"))
    query = (
        select(slot)
        .select_from(slot.outerjoin(run, run.c.run_id == slot.c.run_id))
        .where(slot.c.track.in_(tracks), slot.c.kind.in_(KINDS), slot.c.due_at >= since_ms)
        .where(or_(slot.c.kind == CARD, slot.c.due_at >= settled_since_ms, open_yet))
    )
    return slots_of(connection, query.order_by(slot.c.due_at))


def unposted_slots(connection: Connection) -> list[SlotRow]:
    """Every slot, however old, that is neither posted nor given up. Reads the whole table: for a start only."""
    return slots_of(
        connection, select(schema.slot).where(schema.slot.c.state == PLANNED).order_by(schema.slot.c.due_at)
    )


def slots_of(connection: Connection, query: Select[tuple[object, ...]]) -> list[SlotRow]:
    return [
        SlotRow(
            track=row.track,
            kind=row.kind,
            due_at=row.due_at,
            due_mono=row.due_mono,
            job_id=row.job_id,
            state=row.state,
            posted_at=row.posted_at,
            races=tuple(int(number) for number in row.races.split(",") if number),
            trigger=row.trigger,
            arguments={} if row.arguments == "{}" else json.loads(row.arguments),
            until_at=row.until_at,
            every=row.every,
            run_id=row.run_id,
            reason=row.reason,
            node=row.node,
            update_run_id=row.update_run_id,
        )
        for row in connection.execute(query)
    ]


def jobs_that_ran(connection: Connection, job_ids: Collection[str]) -> frozenset[str]:
    """Which of these jobs have opened a run: scrapyd may have forgotten them."""
    run = schema.crawl_run
    return frozenset(connection.execute(select(run.c.job_id).where(run.c.job_id.in_(job_ids))).scalars())


def outcomes(connection: Connection, job_ids: Collection[str]) -> dict[str, str | None]:
    """How these jobs' runs ended, None while they run; a job without a run is left out.

    Of a job that scrapyd started twice, the run that counts.
    """
    run = schema.crawl_run
    counts = func.coalesce(run.c.outcome, "") != "superseded"
    query = select(run.c.job_id, run.c.outcome).where(run.c.job_id.in_(job_ids)).order_by(counts, run.c.run_id)
    return {row.job_id: row.outcome for row in connection.execute(query)}


def leased_tracks(connection: Connection, now_ms: int) -> frozenset[str]:
    """Tracks that a crawl holds now, whoever started it."""
    lease = schema.track_lease
    return frozenset(connection.execute(select(lease.c.track).where(lease.c.expires_at > now_ms)).scalars())


def open_runs(connection: Connection, tracks: Collection[str], since_ms: int, now_ms: int) -> list[OpenRun]:
    """Of these tracks, started at or after an instant."""
    run, lease, slot = schema.crawl_run, schema.track_lease, schema.slot
    holder = func.coalesce(run.c.job_id, "run:" + cast(run.c.run_id, Text))
    leased = exists().where(lease.c.track == run.c.track, lease.c.holder == holder, lease.c.expires_at > now_ms)
    query = (
        select(run.c.run_id, run.c.track, run.c.job_id, run.c.kind, run.c.started_at, slot.c.until_at, leased)
        .select_from(run.outerjoin(slot, slot.c.job_id == run.c.job_id))
        .where(run.c.track.in_(tracks), run.c.started_at >= since_ms, run.c.finished_at.is_(None))
    )
    return [OpenRun(*row) for row in connection.execute(query)]


def mark_lost(connection: Connection, run_id: int, at_ms: int, reason: str) -> bool:
    """End a run that did not end itself, and its lease. False: it ended meanwhile, and keeps its own outcome."""
    run, lease = schema.crawl_run, schema.track_lease
    query = update(run).where(run.c.run_id == run_id, run.c.finished_at.is_(None))
    ended = query.values(finished_at=at_ms, outcome="lost", reason=reason).returning(run.c.track, run.c.job_id)
    row = connection.execute(ended).one_or_none()
    if row is None:
        return False
    held = (lease.c.track == row.track) & (lease.c.holder == (row.job_id or f"run:{run_id}"))
    connection.execute(update(lease).where(held, lease.c.expires_at > at_ms).values(expires_at=at_ms))
    return True


def newest_ids(connection: Connection) -> tuple[int, int]:
    """The newest board and the newest alert; 0 where there is none."""
    board, alert = schema.board, schema.alert
    boards = connection.execute(select(func.max(board.c.board_id))).scalar()
    alerts = connection.execute(select(func.max(alert.c.alert_id))).scalar()
    return boards or 0, alerts or 0


def evaluated_boards(
    connection: Connection, after_id: int, upto_id: int, waiting: Collection[int] = ()
) -> list[EvaluatedBoard]:
    """Evaluated boards after_id < id <= upto_id, and those of `waiting`, oldest first."""
    board, race, track, alert = schema.board, schema.race, schema.track, schema.alert
    fired = and_(alert.c.race_id == board.c.race_id, alert.c.board_id == board.c.board_id)  # the race has an index
    alerts = select(func.count()).where(fired).scalar_subquery()
    wanted = or_(and_(board.c.board_id > after_id, board.c.board_id <= upto_id), board.c.board_id.in_(waiting))
    query = (
        select(board.c.board_id, func.coalesce(track.c.code, track.c.key), race.c.race_number, alerts)
        .join_from(board, race)
        .join(track)
        .where(board.c.evaluated_at.is_not(None), wanted)
        .order_by(board.c.board_id)
    )
    return [EvaluatedBoard(*row) for row in connection.execute(query)]


def alert_texts(connection: Connection, after_id: int) -> Sequence[tuple[int, str]]:
    """(alert_id, its one-line text) of the alerts above an id, oldest first."""
    alert = schema.alert
    query = select(alert.c.alert_id, alert.c.message).where(alert.c.alert_id > after_id).order_by(alert.c.alert_id)
    return [(row.alert_id, row.message) for row in connection.execute(query)]
