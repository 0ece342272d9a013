"""Jobs that run past their time are stopped, and runs that did not end themselves are ended as `lost`."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from horses_scrapy.config import Settings
from horses_scrapy.config.updates import Updates
from horses_scrapy.health.scrapyd import Jobs
from horses_scrapy.scheduling.jobs import Scrapyd
from horses_scrapy.scheduling.snapshot import Snapshot
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.slots import POSTED, WINDOW, OpenRun, mark_lost, open_runs, outcomes

logger = logging.getLogger(__name__)

DAY_MS = 24 * 3_600_000
PATIENCE_MS = 10_000
"""Real milliseconds between asking a job to stop, forcing it, and killing it: a page may be on its way."""
WINDOW_MARGIN_MS = 30_000
"""What a window's last poll may take beyond its end."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How often a job was asked to stop, and when last (real milliseconds since boot)."""

    times: int
    at: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """job -> the seconds within which it should have ended."""

    jobs: dict[str, int]
    runs: list[OpenRun]


class Deadlines:
    """Looks for what is overdue; remembers which jobs it has asked to stop."""

    def __init__(self, store: Store, scrapyd: Scrapyd, settings: Settings) -> None:
        self._store, self._scrapyd, self._settings = store, scrapyd, settings
        self._timeout_ms = round(settings.scheduler.job_timeout * 1000)
        self._asked: dict[str, Asked] = {}
        self._since = 0  # the first look goes all the way back

    def asks(self, snapshot: Snapshot) -> bool:
        """Whether scrapyd must be asked what it runs."""
        return bool(self._asked or self._overdue(self._open_runs(snapshot), snapshot).runs or self._unopened(snapshot))

    def enforce(self, snapshot: Snapshot, jobs: Jobs) -> None:
        """Raises ScrapydDown: nothing is decided about a job that may still be running. `jobs` is not older than that."""
        runs = self._open_runs(snapshot)  # read after scrapyd was asked: a job that had ended has written how by now
        overdue = self._overdue(runs, snapshot)
        within = {**overdue.jobs, **self._unopened(snapshot)}
        stuck = sorted((within.keys() | self._asked.keys()) & jobs.running.keys())
        self._asked = {job: self._stop(job, within.get(job), snapshot.mono_ms) for job in stuck}
        for run in runs:
            if _is_gone(run, jobs):
                self._end(run, "its job ended without saying how", snapshot)
            elif run in overdue.runs and self._is_over(run, jobs):
                self._end(run, f"did not end within {self._within_ms(run) // 1000} s", snapshot)
        self._since = snapshot.now_ms - DAY_MS

    def _open_runs(self, snapshot: Snapshot) -> list[OpenRun]:
        tracks = [watched.key for watched in snapshot.watched]
        with self._store.read() as connection:
            return open_runs(connection, tracks, self._since, snapshot.now_ms)

    def _overdue(self, runs: Collection[OpenRun], snapshot: Snapshot) -> Overdue:
        """A run by hand is overdue once it renews its lease no more."""
        late = [
            run
            for run in runs
            if run.started_at + self._within_ms(run) < snapshot.now_ms and not (run.job_id is None and run.leased)
        ]
        return Overdue({run.job_id: self._within_ms(run) // 1000 for run in late if run.job_id is not None}, late)

    def _within_ms(self, run: OpenRun) -> int:
        """Milliseconds since its start in which a run has to end."""
        if run.until_at is not None:
            return max(0, run.until_at - run.started_at) + WINDOW_MARGIN_MS
        if run.kind in Updates.NAMES:
            return round(self._settings.updates.of(run.kind).timeout * 1000)
        return self._timeout_ms

    def _unopened(self, snapshot: Snapshot) -> dict[str, int]:
        """Jobs taken by scrapyd long ago that never opened a run, or whose run was given up."""
        deadline = snapshot.now_ms - self._timeout_ms
        old = [
            slot.job_id
            for slot in snapshot.slots
            if slot.state == POSTED
            and slot.posted_at is not None
            and slot.posted_at < deadline
            and (slot.kind != WINDOW or slot.run_id is None)
        ]
        with self._store.read() as connection:
            ended = outcomes(connection, old)
        return {job: self._timeout_ms // 1000 for job in old if ended.get(job, "lost") == "lost"}

    def _stop(self, job: str, within_s: int | None, mono: int) -> Asked:
        before = self._asked.get(job, Asked(0, mono - PATIENCE_MS))
        if mono - before.at < PATIENCE_MS:
            return before
        seconds = "its time" if within_s is None else f"{within_s} s"
        logger.warning("Job %s runs longer than %s: %s", job, seconds, _HOW[min(before.times, 2)])
        self._scrapyd.cancel(job, kill=before.times >= 2)
        return Asked(before.times + 1, mono)

    def _is_over(self, run: OpenRun, jobs: Jobs) -> bool:
        """Nobody runs it any more, or it was forced: a run that ends itself in spite of that keeps its own outcome."""
        return run.job_id is None or run.job_id not in jobs.running or self._asked[run.job_id].times >= 2

    def _end(self, run: OpenRun, reason: str, snapshot: Snapshot) -> None:
        with self._store.write() as connection:
            lost = mark_lost(connection, run.run_id, snapshot.now_ms, reason)
        if lost:
            logger.warning("Run %d of %s (%s) is lost: %s", run.run_id, run.track, run.job_id or "by hand", reason)


_HOW = ("asked to stop", "forced to stop", "killed")


def _is_gone(run: OpenRun, jobs: Jobs) -> bool:
    """Its process has ended: its scrapyd says so, and no scrapyd runs another of the same name."""
    job = run.job_id
    return job in jobs.finished and job not in jobs.running and job not in jobs.pending
