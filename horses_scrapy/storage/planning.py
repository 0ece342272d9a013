"""What the plan needs of the store: races around now, the newest slot of each track, how runs stand, what hosts were asked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import NamedTuple

from sqlalchemy import Connection, Text, and_, column, func, or_, select, values

from horses_scrapy import clock
from horses_scrapy.storage import schema
from horses_scrapy.storage.slots import CARD, KINDS, NEAR, SlotRow, slots_of


class PlannedRace(NamedTuple):
    """A race as its primary source has it."""

    track: str
    race_date: str
    race_number: int
    post_time: int | None
    status: str
    off_at: int | None
    official_at: int | None


@dataclass(frozen=True, slots=True)
class RunState:
    """A job's newest run; `outcome` is None while it is open."""

    started_at: int
    finished_at: int | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Lease:
    holder: str
    expires_at: int


def races_around(connection: Connection, dates: Mapping[str, str], from_ms: int, to_ms: int) -> list[PlannedRace]:
    """Races of these tracks with a post from `from_ms` up to `to_ms`, and those of the track's date that have none.

    dates: track key -> today at the track.
    """
    race, track = schema.race, schema.track
    day = timedelta(days=1)  # a date at the track is at most a day away from the date in UTC
    first, last = (clock.from_ms(from_ms) - day).date(), (clock.from_ms(to_ms) + day).date()
    timed = and_(race.c.post_time >= from_ms, race.c.post_time < to_ms)
    query = (
        select(
            track.c.key, race.c.race_date, race.c.race_number, race.c.post_time, race.c.status, race.c.off_at,
            race.c.official_at,
        )
        .join(track, track.c.track_id == race.c.track_id)
        .where(
            race.c.race_date.between(first.isoformat(), last.isoformat()),
            track.c.key.in_(dates),
            or_(timed, race.c.post_time.is_(None)),
        )
        .order_by(race.c.post_time, track.c.key, race.c.race_number)
    )  # fmt: skip
    found = [PlannedRace(*row) for row in connection.execute(query)]
    return [one for one in found if one.post_time is not None or one.race_date == dates[one.track]]


def newest_slots(connection: Connection, tracks: Collection[str], since_ms: int) -> list[SlotRow]:
    """The newest slot of each track and kind of the cadence, of those due at or after an instant."""
    if not tracks:
        return []
    slot = schema.slot
    asked = values(column("track", Text), column("kind", Text), name="asked").data(list(product(tracks, KINDS))).cte()
    same = and_(slot.c.track == asked.c.track, slot.c.kind == asked.c.kind)
    of_kind = slot.alias()  # one step down the primary key for each, where a GROUP BY would read them all
    newest = (
        select(func.max(of_kind.c.due_at))
        .where(of_kind.c.track == asked.c.track, of_kind.c.kind == asked.c.kind, of_kind.c.due_at >= since_ms)
        .scalar_subquery()
    )
    return slots_of(connection, select(slot).join(asked, same).where(slot.c.due_at == newest))


def run_states(connection: Connection, slots: Collection[SlotRow]) -> dict[str, RunState]:
    """By job; a job without a run is left out. scrapyd may start a job twice: the run that claimed the slot counts."""
    run = schema.crawl_run
    claimed = {slot.job_id: slot.run_id for slot in slots}
    query = (
        select(run.c.run_id, run.c.job_id, run.c.started_at, run.c.finished_at, run.c.outcome)
        .where(run.c.job_id.in_(claimed))
        .order_by(run.c.run_id)
    )
    return {
        row.job_id: RunState(row.started_at, row.finished_at, row.outcome)
        for row in connection.execute(query)
        if claimed[row.job_id] in {None, row.run_id}
    }


def leases(connection: Connection, tracks: Collection[str]) -> dict[str, Lease]:
    """By track, expired ones included."""
    lease = schema.track_lease
    query = select(lease.c.track, lease.c.holder, lease.c.expires_at).where(lease.c.track.in_(tracks))
    return {row.track: Lease(row.holder, row.expires_at) for row in connection.execute(query)}


def host_use(connection: Connection, hosts: Collection[str], since_ms: int) -> dict[str, int]:
    """Requests to each of these hosts in the minutes that began at or after an instant."""
    use = schema.host_use
    query = (
        select(use.c.host, func.sum(use.c.requests))
        .where(use.c.host.in_(hosts), use.c.minute_at >= since_ms)
        .group_by(use.c.host)
    )
    return {host: int(requests) for host, requests in connection.execute(query)}


def requests_per_poll(connection: Connection, tracks: Collection[str], since_ms: int) -> dict[tuple[str, str], int]:
    """(track, kind) -> requests of one card or near poll, rounded up, on average of the runs that ended well since."""
    run = schema.crawl_run
    query = (
        select(run.c.track, run.c.kind, func.sum(run.c.requests), func.count())
        .where(
            run.c.track.in_(tracks),
            run.c.started_at >= since_ms,
            run.c.kind.in_((CARD, NEAR)),
            run.c.outcome == "ok",
            run.c.requests > 0,
        )
        .group_by(run.c.track, run.c.kind)
    )
    return {(track, kind): -(-int(total) // runs) for track, kind, total, runs in connection.execute(query)}
