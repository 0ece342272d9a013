"""From a due slot to one job in scrapyd: never twice, and never two of one track at once.

A slot is written before its job is posted, so that after a crash or a time-out the next look finds it `planned`, asks
scrapyd what it knows of it, and decides. scrapyd itself takes the same job id twice without a word, and may lose a job
that it took: a slot that no run has claimed and no scrapyd knows is posted again. The run that claims it counts.
"""

import logging
import platform
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from horses_scrapy.config import Settings
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.config.updates import Updates
from horses_scrapy.health.scrapyd import Jobs, ScrapydDown, ScrapydRefused
from horses_scrapy.scheduling.plan import Due, RaceState, near_races, priority
from horses_scrapy.scheduling.snapshot import Snapshot
from horses_scrapy.scheduling.timeline import Timeline
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.runs import LEASE_MS
from horses_scrapy.storage.slots import (
    FAILED,
    PLANNED,
    POSTED,
    SCHEDULE,
    WINDOW,
    SlotRow,
    give_up_slot,
    jobs_that_ran,
    leased_tracks,
    mark_slot,
    open_runs,
    write_slot,
)

logger = logging.getLogger(__name__)

GIVE_UP_MARGIN_MS = 5000
"""A job stops waiting for a retry this long before the track's next slot is due; a third of its interval if that is less."""
UPDATE_PRIORITY = -1_000_000.0
"""Below every poll of the cadence."""
UNKNOWN_MS = 1500
"""Real milliseconds for which a job must be unknown before it counts as lost: a node may be just about to start it."""
DAY_MS = 24 * 3_600_000

Verdict = Literal["known", "replaced", "late", "wait", "post", "ended", "lost", "again"]


class Scrapyd(Protocol):
    """What is needed of health.nodes.Nodes."""

    def listjobs(self) -> Jobs: ...
    def schedule(self, spider: str, job_id: str, priority: float, arguments: Mapping[str, str]) -> None: ...
    def cancel(self, job_id: str, *, kill: bool = False) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Known:
    """What is known elsewhere when slots are decided: scrapyd's jobs, jobs that opened a run, tracks that are busy."""

    jobs: Jobs
    ran: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()

    def of(self, job_id: str) -> bool:
        return self.jobs.knows(job_id) or job_id in self.ran


def spider_of(track: str) -> str:
    return f"track_{track}"


def is_update(slot: SlotRow) -> bool:
    return slot.kind in Updates.NAMES


def write_due(store: Store, due: Due, snapshot: Snapshot, trigger: str = SCHEDULE) -> SlotRow | None:
    """Keep a due poll as a planned slot; None: it was written before."""
    row = SlotRow(
        track=due.track,
        kind=due.kind,
        due_at=due.due_at,
        due_mono=snapshot.mono_of(due.due_at),
        job_id=due.job_id,
        races=due.races,
        trigger=trigger,
        until_at=due.until_at,
        every=due.every,
        node=platform.node(),
    )
    with store.write() as connection:
        return row if write_slot(connection, row) else None


def verdict(slot: SlotRow, lateness_ms: int, grace_ms: int, known: Known, *, newest: bool = True) -> Verdict:
    """What becomes of a planned slot. `newest`: the track has no later one of its cadence."""
    if known.of(slot.job_id):
        return "known"
    if not newest:
        return "replaced"
    if lateness_ms > grace_ms:
        return "late"
    return "wait" if slot.track in known.busy else "post"


def verdict_posted(slot: SlotRow, lateness_ms: int, grace_ms: int, known: Known, unknown_ms: int) -> Verdict:
    """What becomes of a posted slot that no run has claimed. `unknown_ms`: for how long no scrapyd has known its job."""
    if slot.job_id in known.ran or slot.job_id in known.jobs.pending or slot.job_id in known.jobs.running:
        return "known"
    if slot.job_id in known.jobs.finished:
        return "ended"
    if lateness_ms > grace_ms:
        return "lost"
    return "wait" if unknown_ms < UNKNOWN_MS or slot.track in known.busy else "again"


def interval_ms(slot: SlotRow, races: Iterable[RaceState], told: Scraping) -> int:
    """Of the cadence that asked for it."""
    grid = Timeline(told, list(races), 0, 1).at(slot.due_at).grid
    return told.default_interval * 1000 if grid is None else grid.interval


def patience_ms(settings: Settings, slot: SlotRow) -> int:
    """How long an update may take in all: it goes on while its last job may still end in time."""
    return round(settings.updates.of(slot.kind).timeout * 1000)


def grace_ms(settings: Settings, slot: SlotRow, races: Iterable[RaceState], told: Scraping) -> int:
    """How late a slot may be posted: half its interval, then the next one is nearer; a window as long as it lasts."""
    if is_update(slot):
        return patience_ms(settings, slot)
    if slot.until_at is not None:
        return slot.until_at - slot.due_at - 1
    return interval_ms(slot, races, told) // 2


def arguments(settings: Settings, slot: SlotRow, races: Collection[RaceState], told: Scraping) -> dict[str, str]:
    """The spider's arguments. The date is told only near a post: a night card goes on past midnight at the track."""
    if is_update(slot):
        return {**slot.arguments, "give_up_at": str(slot.due_at + patience_ms(settings, slot) - GIVE_UP_MARGIN_MS)}
    given = {**slot.arguments, "give_up_at": str(_give_up_at(slot, races, told))}
    if slot.races:
        given["race"] = ",".join(map(str, slot.races))
    near = near_races(races, slot.due_at, told)
    if near:
        given["date"] = near[0].race_date
    if slot.kind == WINDOW:
        assert slot.every is not None
        given |= {"until": str(slot.until_at), "every": f"{slot.every / 1000:g}"}
    return given


def _give_up_at(slot: SlotRow, races: Iterable[RaceState], told: Scraping) -> int:
    if slot.until_at is not None:
        return slot.until_at
    interval = interval_ms(slot, races, told)
    return slot.due_at + interval - min(GIVE_UP_MARGIN_MS, interval // 3)


class Dispatcher:
    """Posts planned slots, and settles those whose fate is not known."""

    def __init__(self, store: Store, scrapyd: Scrapyd, settings: Settings) -> None:
        self._store, self._scrapyd, self._settings = store, scrapyd, settings
        self._unknown_since: dict[str, int] = {}

    def dispatch(self, snapshot: Snapshot, slots: Collection[SlotRow], jobs: Jobs) -> None:
        """Decide every planned slot, and every posted one that no run has claimed; the nearest post first.

        Raises ScrapydDown; what is undecided then stays as it is.
        """
        known = self._known(slots, snapshot, jobs)
        newest = _newest(snapshot, slots)
        busy = set(known.busy)
        for slot in sorted(slots, key=lambda slot: (-self._urgency(slot, snapshot), slot.due_at)):
            at_hand = Known(jobs, known.ran, frozenset(busy))
            fate = self._verdict(slot, snapshot, at_hand, newest=newest.get(slot.track) in {None, slot.job_id})
            if self._settle(slot, fate, snapshot):
                busy.add(slot.track)
        waiting = {slot.job_id for slot in slots}
        self._unknown_since = {job: since for job, since in self._unknown_since.items() if job in waiting}

    def _known(self, slots: Iterable[SlotRow], snapshot: Snapshot, jobs: Jobs) -> Known:
        """A job whose run opened long ago and holds no lease has died, or hangs: it keeps nobody away."""
        tracks = [watched.key for watched in snapshot.watched]
        with self._store.read() as connection:
            ran = jobs_that_ran(connection, [slot.job_id for slot in slots])
            leased = leased_tracks(connection, snapshot.now_ms)
            runs = open_runs(connection, tracks, snapshot.now_ms - DAY_MS, snapshot.now_ms)
        dead = {run.job_id for run in runs if not run.leased and run.started_at < snapshot.now_ms - LEASE_MS}
        active = {spider for job, spider in {**jobs.pending, **jobs.running}.items() if job not in dead}
        return Known(jobs, ran, leased | {track for track in tracks if spider_of(track) in active})

    def _verdict(self, slot: SlotRow, snapshot: Snapshot, known: Known, *, newest: bool) -> Verdict:
        lateness, races, told = _lateness(slot, snapshot), snapshot.races_of(slot.track), _cadence(snapshot, slot.track)
        grace = grace_ms(self._settings, slot, races, told)
        if slot.state == POSTED:
            return verdict_posted(slot, lateness, grace, known, self._unknown_ms(slot, known, snapshot))
        fate = verdict(slot, lateness, grace, known, newest=newest or is_update(slot))
        near = is_update(slot) and near_races(races, snapshot.now_ms, told)
        return "wait" if fate == "post" and near and lateness < grace // 2 else fate

    def _unknown_ms(self, slot: SlotRow, known: Known, snapshot: Snapshot) -> int:
        if known.of(slot.job_id):
            self._unknown_since.pop(slot.job_id, None)
            return 0
        return snapshot.mono_ms - self._unknown_since.setdefault(slot.job_id, snapshot.mono_ms)

    def _settle(self, slot: SlotRow, fate: Verdict, snapshot: Snapshot) -> bool:
        """Whether a job was posted."""
        if fate in {"post", "again"}:
            return self._post(slot, snapshot)
        if fate == "known" and slot.state == PLANNED:
            logger.info("Job %s was posted before the scheduler heard of it", slot.job_id)
            self._mark(slot, POSTED, snapshot)
        elif fate not in {"known", "wait"}:
            self._give_up(slot, fate, snapshot)
        return False

    def _give_up(self, slot: SlotRow, fate: Verdict, snapshot: Snapshot) -> None:
        late = _lateness(slot, snapshot) / 1000
        level = logging.INFO if fate == "replaced" else logging.WARNING
        logger.log(level, "Slot %s is given up, %.0f s after it was due: %s", slot.job_id, late, _WHY[fate])
        self._fail(slot, _WHY[fate], snapshot)

    def _post(self, slot: SlotRow, snapshot: Snapshot) -> bool:
        """False: it was refused."""
        races, told = snapshot.races_of(slot.track), _cadence(snapshot, slot.track)
        given = arguments(self._settings, slot, races, told)
        if slot.state == POSTED:
            logger.warning("Job %s was lost before it began: posted again", slot.job_id)
            del self._unknown_since[slot.job_id]
        try:
            self._scrapyd.schedule(spider_of(slot.track), slot.job_id, self._urgency(slot, snapshot), given)
        except ScrapydRefused as error:
            logger.error("Slot %s is given up: %s", slot.job_id, error)  # noqa: TRY400 (the text says it all)
            self._fail(slot, str(error), snapshot)
            return False
        except ScrapydDown:
            if not self._scrapyd.listjobs().knows(slot.job_id):
                raise  # it stays planned: the next look asks again before it posts
        logger.debug("Queued %s %s", slot.job_id, given)
        self._mark(slot, POSTED, snapshot)
        return True

    def _urgency(self, slot: SlotRow, snapshot: Snapshot) -> float:
        return UPDATE_PRIORITY if is_update(slot) else priority(snapshot.races_of(slot.track), snapshot.now_ms)

    def _mark(self, slot: SlotRow, state: str, snapshot: Snapshot) -> None:
        with self._store.write() as connection:
            mark_slot(connection, slot.job_id, state, snapshot.now_ms)

    def _fail(self, slot: SlotRow, reason: str, snapshot: Snapshot) -> None:
        with self._store.write() as connection:
            if slot.state == POSTED:
                give_up_slot(connection, slot.job_id, reason)
            else:
                mark_slot(connection, slot.job_id, FAILED, snapshot.now_ms, reason)


_WHY: dict[Verdict, str] = {
    "late": "the track was busy, or scrapyd did not answer, until it was too late",
    "replaced": "a later poll of the track has taken its place",
    "ended": "its job ended before its run was opened: see the job's log",
    "lost": "no run has claimed it, and no scrapyd knows its job",
}


def _cadence(snapshot: Snapshot, track: str) -> Scraping:
    return next(watched.cadence for watched in snapshot.watched if watched.key == track)


def _lateness(slot: SlotRow, snapshot: Snapshot) -> int:
    return snapshot.now_ms - snapshot.at(slot)


def _newest(snapshot: Snapshot, waiting: Iterable[SlotRow]) -> dict[str, str]:
    """The job of each track's newest slot of the cadence. At most one of them is posted in one look: this one."""
    slots = sorted([*snapshot.slots, *(slot for slot in waiting if not is_update(slot))], key=snapshot.at)
    return {slot.track: slot.job_id for slot in slots}
