"""From a due poll to one job in scrapyd: never twice, and never two of one track at once.

A slot is written before its job is posted, so that after a crash or a time-out the next look finds it `planned`, asks
scrapyd what it knows of it, and decides. scrapyd itself takes the same job id twice without a word.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from horses_scrapy.config.cadence import Scraping
from horses_scrapy.health.scrapyd import Jobs, ScrapydDown, ScrapydRefused
from horses_scrapy.scheduling.plan import Due, RaceState, near_races, priority
from horses_scrapy.scheduling.snapshot import Snapshot
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.slots import (
    CARD,
    FAILED,
    POSTED,
    SlotRow,
    jobs_that_ran,
    leased_tracks,
    mark_slot,
    write_slot,
)

logger = logging.getLogger(__name__)

GIVE_UP_MARGIN_MS = 5000
"""A job stops waiting for a retry this long before the track's next slot is due."""

Verdict = Literal["known", "replaced", "late", "wait", "post"]


class Scrapyd(Protocol):
    """What is needed of health.scrapyd.ScrapydClient."""

    def listjobs(self) -> Jobs: ...
    def schedule(self, spider: str, job_id: str, priority: float, arguments: Mapping[str, str]) -> None: ...
    def cancel(self, job_id: str, *, kill: bool = False) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Known:
    """What is known elsewhere when slots are decided: scrapyd's jobs, jobs that opened a run, tracks held by a crawl."""

    jobs: Jobs
    ran: frozenset[str]
    leased: frozenset[str]

    def busy(self, track: str) -> bool:
        return track in self.leased or spider_of(track) in self.jobs.active_spiders


def spider_of(track: str) -> str:
    return f"track_{track}"


def write_due(store: Store, due: Due, snapshot: Snapshot) -> SlotRow | None:
    """Keep a due poll as a planned slot; None: it was written before."""
    row = SlotRow(
        track=due.track,
        kind=due.kind,
        due_at=due.due_at,
        due_mono=snapshot.mono_of(due.due_at),
        job_id=due.job_id,
        races=due.races,
    )
    with store.write() as connection:
        return row if write_slot(connection, row) else None


def verdict(slot: SlotRow, lateness_ms: int, newest: bool, known: Known, told: Scraping) -> Verdict:
    """What becomes of a planned slot. `newest`: the track has no later one."""
    interval = told.default_interval if slot.kind == CARD else told.near_post_interval
    if known.jobs.knows(slot.job_id) or slot.job_id in known.ran:
        return "known"
    if not newest:
        return "replaced"
    if lateness_ms > interval * 500:
        return "late"
    return "wait" if known.busy(slot.track) else "post"


def arguments(slot: SlotRow, races: Iterable[RaceState], now: int, told: Scraping) -> dict[str, str]:
    """The spider's arguments. The date is told only near a post: a night card goes on past midnight at the track."""
    near = near_races(races, now, told)
    interval = told.near_post_interval if near else told.default_interval
    given = {"give_up_at": str(slot.due_at + interval * 1000 - GIVE_UP_MARGIN_MS)}
    if slot.races:
        given["race"] = ",".join(map(str, slot.races))
    if near:
        given["date"] = near[0].race_date
    return given


class Dispatcher:
    """Posts planned slots, and settles those whose fate is not known."""

    def __init__(self, store: Store, scrapyd: Scrapyd, told: Scraping) -> None:
        self._store, self._scrapyd, self._told = store, scrapyd, told

    def dispatch(self, snapshot: Snapshot, planned: Iterable[SlotRow]) -> bool:
        """Decide every planned slot, nearest post first; whether scrapyd was asked at all.

        Raises ScrapydDown; what is undecided then stays planned.
        """
        waiting = sorted(
            planned, key=lambda slot: (-priority(snapshot.races_of(slot.track), snapshot.now_ms), slot.due_at)
        )
        if not waiting:
            return False
        known = self._known(waiting, snapshot)
        newest = _newest(snapshot, waiting)
        for slot in waiting:
            lateness = snapshot.now_ms - snapshot.at(slot)
            fate = verdict(slot, lateness, slot.job_id == newest[slot.track], known, self._told)
            self._settle(slot, fate, lateness, snapshot)
        return True

    def _known(self, slots: Iterable[SlotRow], snapshot: Snapshot) -> Known:
        jobs = self._scrapyd.listjobs()
        with self._store.read() as connection:
            ran = jobs_that_ran(connection, [slot.job_id for slot in slots])
            return Known(jobs, ran, leased_tracks(connection, snapshot.now_ms))

    def _settle(self, slot: SlotRow, fate: Verdict, lateness_ms: int, snapshot: Snapshot) -> None:
        if fate == "post":
            self._post(slot, snapshot)
        elif fate == "known":
            logger.info("Job %s was posted before the scheduler heard of it", slot.job_id)
            self._mark(slot, POSTED, snapshot)
        elif fate != "wait":
            level = logging.WARNING if fate == "late" else logging.INFO
            logger.log(
                level, "Poll %s is given up, %.0f s after it was due: %s", slot.job_id, lateness_ms / 1000, _WHY[fate]
            )
            self._mark(slot, FAILED, snapshot)

    def _post(self, slot: SlotRow, snapshot: Snapshot) -> None:
        races = snapshot.races_of(slot.track)
        given = arguments(slot, races, snapshot.now_ms, self._told)
        try:
            self._scrapyd.schedule(spider_of(slot.track), slot.job_id, priority(races, snapshot.now_ms), given)
        except ScrapydRefused as error:
            logger.error("Poll %s is given up: %s", slot.job_id, error)  # noqa: TRY400 (the text says it all)
            self._mark(slot, FAILED, snapshot)
            return
        except ScrapydDown:
            if not self._scrapyd.listjobs().knows(slot.job_id):
                raise  # it stays planned: the next look asks again before it posts
        logger.debug("Queued %s %s", slot.job_id, given)
        self._mark(slot, POSTED, snapshot)

    def _mark(self, slot: SlotRow, state: str, snapshot: Snapshot) -> None:
        with self._store.write() as connection:
            mark_slot(connection, slot.job_id, state, snapshot.now_ms)


_WHY: dict[Verdict, str] = {
    "late": "the track was busy, or scrapyd did not answer, until it was too late",
    "replaced": "a later poll of the track has taken its place",
}


def _newest(snapshot: Snapshot, waiting: Iterable[SlotRow]) -> dict[str, str]:
    """The job of each track's newest slot. At most one slot of a track is posted in one look: this one."""
    slots = sorted([*snapshot.slots, *waiting], key=snapshot.at)
    return {slot.track: slot.job_id for slot in slots}
