"""`--once`: each watched track is crawled one time, due updates are begun, and the end of all is awaited."""

import logging
from collections.abc import Collection, Mapping

from horses_scrapy.clock import Clock
from horses_scrapy.errors import FATAL, OK, PARTIAL, ScrapydError
from horses_scrapy.scheduling.deadlines import PATIENCE_MS
from horses_scrapy.scheduling.jobs import write_due
from horses_scrapy.scheduling.loop import Scheduler
from horses_scrapy.scheduling.plan import Due, job_id, priority
from horses_scrapy.scheduling.snapshot import Snapshot
from horses_scrapy.scheduling.stop import Stop
from horses_scrapy.storage.slots import CARD, FAILED, MANUAL, outcomes

logger = logging.getLogger(__name__)

SUCCESS = frozenset({"ok", "no_card"})
LOOK_S = 0.25
NOT_RUN = "scrapyd did not take it, or it ended before its run was opened: see the job's log"


def crawl_each(scheduler: Scheduler, stop: Stop) -> int:
    """OK if every track's crawl ended well, zero races included; FATAL if none did, PARTIAL otherwise."""
    snapshot = scheduler.snapshot()
    jobs = [_queue(scheduler, snapshot, track) for track in scheduler.parts.tracks]
    began = Clock.monotonic_ms()
    ends: dict[str, str] = {}
    while _waits(scheduler, jobs, ends, (Clock.monotonic_ms() - began) / 1000) and not stop.wait(LOOK_S):
        scheduler.renew_at_tick()
        scheduler.dispatch()
        _look_at_updates(scheduler)
        scheduler.report()
        ends = _ends(scheduler, jobs)
    scheduler.report()
    return _code({job: ends.get(job, "not awaited") for job in jobs})


def _waits(scheduler: Scheduler, jobs: Collection[str], ends: Collection[str], waited_s: float) -> bool:
    """For the crawls, and for updates until they are past their own time: they tell their end themselves."""
    if len(ends) < len(jobs):
        return waited_s < _patience_s(scheduler)
    return not ends or scheduler.parts.updates.busy


def _patience_s(scheduler: Scheduler) -> float:
    """Real seconds after which even a job that was posted late, and then stopped, has ended."""
    settings = scheduler.parts.settings
    longest = settings.scheduler.job_timeout + settings.scraping.default_interval / 2
    return scheduler.parts.clock.real_seconds(longest) + 2 * PATIENCE_MS / 1000


def _look_at_updates(scheduler: Scheduler) -> None:
    """After the crawls were posted: an update's jobs wait for these."""
    clock = scheduler.parts.clock
    scheduler.parts.updates.look(clock.now_ms(), clock.monotonic_ms())


def _queue(scheduler: Scheduler, snapshot: Snapshot, track: str) -> str:
    """The job of a slot that is due now, or a second later where that instant is taken."""
    due_at = snapshot.now_ms - snapshot.now_ms % 1000
    urgency = priority(snapshot.races_of(track), snapshot.now_ms)
    while True:
        due = Due(track, CARD, due_at, (), job_id(track, CARD, due_at), urgency)
        if write_due(scheduler.parts.store, due, snapshot, MANUAL) is not None:
            return due.job_id
        due_at += 1000


def _ends(scheduler: Scheduler, jobs: Collection[str]) -> dict[str, str]:
    """Job -> how it ended, of those that have. scrapyd is asked first: a job that ends meanwhile has its run by then."""
    finished = _finished(scheduler)
    states = {slot.job_id: slot.state for slot in scheduler.snapshot().slots}
    with scheduler.parts.store.read() as connection:
        runs = outcomes(connection, jobs)
    ends = {job: runs[job] for job in runs} | {
        job: NOT_RUN for job in jobs if job not in runs and (job in finished or states.get(job) == FAILED)
    }
    return {job: end for job, end in ends.items() if end is not None}


def _finished(scheduler: Scheduler) -> frozenset[str]:
    try:
        return frozenset(scheduler.parts.scrapyd.listjobs().finished)
    except ScrapydError:
        return frozenset()  # dispatch has said so


def _code(ends: Mapping[str, str]) -> int:
    bad = {job: end for job, end in ends.items() if end not in SUCCESS}
    for job, end in bad.items():
        logger.error("Job %s: %s", job, end)
    if not bad:
        return OK
    return FATAL if len(bad) == len(ends) else PARTIAL
