"""One crawl: its crawl_run row, its lease on the track, what it rejected, and the only way in which it writes."""

import json
import platform
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Self

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from horses_scrapy.clock import Clock, from_ms
from horses_scrapy.errors import StoreError
from horses_scrapy.items import AnyItem
from horses_scrapy.storage import queries, schema
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.host_use import HostMinutes, add_requests
from horses_scrapy.storage.slots import MANUAL, POLL, POSTED, SlotRow, Stages, claim_slot, note_stages, write_slot
from horses_scrapy.storage.synced_days import record_day, synced_days

LEASE_MS = 60_000
GOOD = frozenset({"ok", "no_card", "superseded", "skipped"})
"""Outcomes that need nobody: a day without races is no failure, and a superseded run has a successor."""


class Superseded(StoreError):
    """Another crawl holds the track's lease: this one must store nothing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an item was rejected."""

    rule: str
    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a run saw and how it ended; `*_mono` are real milliseconds since boot."""

    outcome: str
    reason: str | None
    degraded: bool
    requests: int
    boards: int
    rejected: int
    errors: int
    first_request_mono: int | None
    committed_mono: int | None
    summary: str = "{}"


@dataclass(frozen=True, slots=True)
class Round:
    """What a round, or the last part of a run, did. poll_id: the job id of a window's poll; synced: a day read to its end."""

    stages: Stages
    used: HostMinutes
    poll_id: str | None = None
    synced: date | None = None


NOTHING = Round(Stages(), {})


@dataclass(slots=True)
class Run:
    """An open crawl. Every write goes through `write`, which holds the lease in the same transaction."""

    store: Store
    clock: Clock
    track: str
    source: str
    run_id: int
    holder: str
    slot: SlotRow | None = None
    epoch: int = 0

    @classmethod
    def begin(cls, store: Store, now: Clock, *, spider: str, track: str, source: str, job_id: str | None) -> Self:
        """Insert the run's row and claim the job's slot; kind, trigger and due time are the slot's, or `manual`."""
        with store.write() as connection:
            run_id: int = connection.execute(
                insert(schema.crawl_run)
                .values(
                    spider=spider,
                    track=track,
                    job_id=job_id,
                    kind=MANUAL,
                    started_at=now.now_ms(),
                    node=platform.node(),
                )
                .returning(schema.crawl_run.c.run_id)
            ).scalar_one()
            slot = claim_slot(connection, job_id, run_id) if job_id else None
            if slot is not None:
                told = {"kind": slot.kind, "trigger": slot.trigger, "due_at": slot.due_at, "due_mono": slot.due_mono}
                connection.execute(update(schema.crawl_run).where(schema.crawl_run.c.run_id == run_id).values(told))
        return cls(store, now, track, source, run_id, job_id or f"run:{run_id}", slot)

    def take_lease(self) -> None:
        """Take the track's lease if it is free or expired. Raises Superseded, which names who was first."""
        if self.slot is not None and self.slot.run_id != self.run_id:
            raise Superseded(f"job {self.holder} is run {self.slot.run_id} already: scrapyd started it twice")
        lease = schema.track_lease
        with self.store.write() as connection:
            held = connection.execute(select(lease).where(lease.c.track == self.track)).one_or_none()
            now = self.clock.now_ms()
            if held is not None and held.expires_at > now:
                raise Superseded(f"track {self.track} is being crawled by {held.holder}")
            self.epoch = held.epoch + 1 if held is not None else 1
            values = {"holder": self.holder, "epoch": self.epoch, "expires_at": now + LEASE_MS}
            if held is None:
                connection.execute(insert(lease).values(track=self.track, **values))
            else:
                connection.execute(update(lease).where(lease.c.track == self.track).values(values))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction that holds and renews the lease. Raises Superseded before anything is written."""
        with self.store.write() as connection:
            self._renew(connection, self.clock.now_ms() + LEASE_MS)
            yield connection

    def _renew(self, connection: Connection, expires_at: int) -> None:
        mine = {"of_track": self.track, "of_holder": self.holder, "of_epoch": self.epoch}
        if connection.execute(_RENEW, {**mine, "expires_at": expires_at}).rowcount != 1:
            raise Superseded(f"track {self.track}: the lease of {self.holder} was taken over")

    def renew(self) -> None:
        """Raises Superseded."""
        with self.write():
            pass

    def claim_poll(self, due_at: int, due_mono: int, races: Collection[int]) -> str | None:
        """Job id of the poll of a window, which this run makes now; None: another run has made it.

        Renews the lease; raises Superseded.
        """
        mono = Clock.monotonic_ms()
        slot = SlotRow(
            track=self.track,
            kind=POLL,
            due_at=due_at,
            due_mono=due_mono,
            job_id=f"{self.track}-{POLL}-{from_ms(due_at):%Y%m%dt%H%M%Sz}",
            state=POSTED,
            posted_at=self.clock.now_ms(),
            races=tuple(sorted(races)),
            trigger=MANUAL if self.slot is None else self.slot.trigger,
            run_id=self.run_id,
            node=platform.node(),
        )
        with self.write() as connection:
            written = write_slot(connection, slot, Stages(queued_mono=mono, started_mono=mono))
        return slot.job_id if written else None

    def note_round(self, done: Round) -> None:
        """Keep how far a round came, under the lease. Raises Superseded."""
        with self.write() as connection:
            self._note(connection, done)

    def _note(self, connection: Connection, done: Round) -> None:
        """Of the slot itself the first round counts: a stage that was noted stays."""
        for job_id in (done.poll_id, self.slot.job_id if self.slot is not None else None):
            if job_id is not None:
                note_stages(connection, job_id, done.stages)
        add_requests(connection, done.used)
        if done.synced is not None:
            record_day(connection, self.track, done.synced, self.run_id, self.clock.now_ms())

    def synced_days(self) -> frozenset[date]:
        """Days that a crawl has read to their end."""
        with self.store.read() as connection:
            return synced_days(connection, self.track)

    def reject(self, item: AnyItem, faults: list[Fault]) -> None:
        """Keep a rejected item whole, with a row for each of its faults."""
        whole = json.dumps(asdict(item), default=str, ensure_ascii=False)
        at = self.clock.now_ms()
        rows = [{"run_id": self.run_id, "at": at, "url": item.url, "item": whole, **asdict(fault)} for fault in faults]
        with self.store.write() as connection:
            connection.execute(insert(schema.rejected_item), rows)

    def race_id(self, item: AnyItem) -> int | None:
        """The stored race that an item belongs to."""
        of = {"of_track": item.track, "of_date": item.race_date.isoformat(), "of_number": item.race_number}
        with self.store.read() as connection:
            return connection.execute(_RACE, of).scalar_one_or_none()

    def finished_races(self, race_date: date) -> frozenset[int]:
        """Races of the day whose end this source has already told."""
        with self.store.read() as connection:
            return queries.finished_races(connection, self.track, race_date.isoformat(), self.source)

    def post_times(self, race_date: date) -> dict[int, datetime]:
        """Of the day's races that are stored and have one, by race number."""
        of = {"of_track": self.track, "of_date": race_date.isoformat()}
        with self.store.read() as connection:
            return {row.race_number: from_ms(row.post_time) for row in connection.execute(_POSTS, of)}

    def end(self, ending: Ending, done: Round = NOTHING) -> None:
        """Write how the run ended, and free the lease if it is still held. Only whose slot it is tells of its stages."""
        run, lease = schema.crawl_run, schema.track_lease
        now = self.clock.now_ms()
        values = {**asdict(ending), "degraded": int(ending.degraded), "finished_at": now}
        mine = (lease.c.track == self.track) & (lease.c.holder == self.holder) & (lease.c.epoch == self.epoch)
        with self.store.write() as connection:
            connection.execute(update(run).where(run.c.run_id == self.run_id).values(values))
            connection.execute(update(lease).where(mine).values(expires_at=now))
            if self.slot is None or self.slot.run_id == self.run_id:
                self._note(connection, done)
            else:
                add_requests(connection, done.used)


# Statements of every item are built once: that costs more than running them.
_RENEW = (
    update(schema.track_lease)
    .where(
        schema.track_lease.c.track == bindparam("of_track"),
        schema.track_lease.c.holder == bindparam("of_holder"),
        schema.track_lease.c.epoch == bindparam("of_epoch"),
    )
    .values(expires_at=bindparam("expires_at"))
)
_POSTS = (
    select(schema.race.c.race_number, schema.race.c.post_time)
    .join(schema.track)
    .where(
        schema.track.c.key == bindparam("of_track"),
        schema.race.c.race_date == bindparam("of_date"),
        schema.race.c.post_time.is_not(None),
    )
)
_RACE = (
    select(schema.race.c.race_id)
    .join(schema.track)
    .where(
        schema.track.c.key == bindparam("of_track"),
        schema.race.c.race_date == bindparam("of_date"),
        schema.race.c.race_number == bindparam("of_number"),
    )
)


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run stands: `outcome` is None while it is open."""

    run_id: int
    job: str
    outcome: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class LastRun:
    """A track's newest run; `outcome` is None while it is open."""

    outcome: str | None
    started_at: int
    degraded: bool


def last_runs(connection: Connection) -> dict[str, LastRun]:
    """By track key."""
    run = schema.crawl_run
    newest = select(func.max(run.c.run_id)).group_by(run.c.track)
    rows = connection.execute(select(run).where(run.c.run_id.in_(newest)))
    return {row.track: LastRun(row.outcome, row.started_at, bool(row.degraded)) for row in rows}


def newest_run_id(connection: Connection) -> int:
    """0 where there is none."""
    return connection.execute(select(func.max(schema.crawl_run.c.run_id))).scalar() or 0


def runs_since(connection: Connection, after_id: int, and_these: Collection[int] = ()) -> list[RunEnd]:
    """Runs that began after a run, and those of `and_these`, oldest first."""
    run = schema.crawl_run
    query = (
        select(run.c.run_id, func.coalesce(run.c.job_id, run.c.spider), run.c.outcome, run.c.reason)
        .where(or_(run.c.run_id > after_id, run.c.run_id.in_(and_these)))
        .order_by(run.c.run_id)
    )
    return [RunEnd(*row) for row in connection.execute(query)]
