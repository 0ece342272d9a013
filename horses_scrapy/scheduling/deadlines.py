"""Jobs that run past their time are stopped, and runs that did not end themselves are ended as `lost`."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from horses_scrapy.scheduling.jobs import Scrapyd
from horses_scrapy.scheduling.snapshot import Snapshot
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.slots import POSTED, OpenRun, mark_lost, outcomes, overdue_runs

logger = logging.getLogger(__name__)

DAY_MS = 24 * 3_600_000
PATIENCE_MS = 10_000
"""Real milliseconds between asking a job to stop, forcing it, and killing it: a page may be on its way."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How often a job was asked to stop, and when last (real milliseconds since boot)."""

    times: int
    at: int


class Deadlines:
    """Looks for what is overdue; remembers which jobs it has asked to stop."""

    def __init__(self, store: Store, scrapyd: Scrapyd, tracks: Collection[str], timeout: float) -> None:
        self._store, self._scrapyd, self._tracks = store, scrapyd, tracks
        self._timeout_ms = round(timeout * 1000)
        self._asked: dict[str, Asked] = {}
        self._since = 0  # the first look goes all the way back

    def enforce(self, snapshot: Snapshot) -> bool:
        """Whether scrapyd was asked. Raises ScrapydDown: nothing is decided about a job that may still be running."""
        deadline = snapshot.now_ms - self._timeout_ms
        with self._store.read() as connection:
            runs = overdue_runs(connection, self._tracks, self._since, deadline, snapshot.now_ms)
        overdue = self._without_end(snapshot, deadline) | {run.job_id for run in runs} | self._asked.keys()
        if overdue:
            running = frozenset(self._scrapyd.listjobs().running)
            stuck = sorted(job for job in overdue & running if job is not None)
            self._asked = {job: self._stop(job, snapshot.mono_ms) for job in stuck}
            self._end([run for run in runs if self._is_over(run, running)], snapshot)
        self._since = snapshot.now_ms - DAY_MS
        return bool(overdue)

    def _without_end(self, snapshot: Snapshot, deadline: int) -> set[str | None]:
        """Jobs taken by scrapyd before the deadline that never opened a run, or whose run was given up."""
        old = [
            slot.job_id
            for slot in snapshot.slots
            if slot.state == POSTED and slot.posted_at is not None and slot.posted_at < deadline
        ]
        with self._store.read() as connection:
            ended = outcomes(connection, old)
        return {job for job in old if ended.get(job, "lost") == "lost"}

    def _stop(self, job: str, mono: int) -> Asked:
        before = self._asked.get(job, Asked(0, mono - PATIENCE_MS))
        if mono - before.at < PATIENCE_MS:
            return before
        logger.warning("Job %s runs longer than %d s: %s", job, self._timeout_ms // 1000, _HOW[min(before.times, 2)])
        self._scrapyd.cancel(job, kill=before.times >= 2)
        return Asked(before.times + 1, mono)

    def _is_over(self, run: OpenRun, running: Collection[str]) -> bool:
        """Nobody runs it any more, or it was forced: a run that ends itself in spite of that keeps its own outcome."""
        return run.job_id is None or run.job_id not in running or self._asked[run.job_id].times >= 2

    def _end(self, runs: list[OpenRun], snapshot: Snapshot) -> None:
        for run in runs:
            reason = f"did not end within {self._timeout_ms // 1000} s"
            with self._store.write() as connection:
                lost = mark_lost(connection, run.run_id, snapshot.now_ms, reason)
            if lost:
                logger.warning(
                    "Run %d of %s (%s) is lost: it %s", run.run_id, run.track, run.job_id or "by hand", reason
                )


_HOW = ("asked to stop", "forced to stop", "killed")
