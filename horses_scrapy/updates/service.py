"""Updates as the scheduler sees them: at each look what is due is begun, and what has ended is settled."""

import logging
from collections.abc import Sequence

from horses_scrapy.clock import Clock, from_ms
from horses_scrapy.config import Settings
from horses_scrapy.config.updates import HistoricalSync
from horses_scrapy.errors import AlreadyRunning, ScrapydError
from horses_scrapy.health import client_of
from horses_scrapy.storage import updates as stored
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.slots import MANUAL, UPDATE
from horses_scrapy.storage.updates import UpdateJob, UpdateRun
from horses_scrapy.updates import reference_data
from horses_scrapy.updates.begin import Start, begin
from horses_scrapy.updates.catalogue import IN_PROCESS, NAMES, Options
from horses_scrapy.updates.due import newest_due
from horses_scrapy.updates.locks import Locks
from horses_scrapy.updates.progress import MINUTE_MS, Progress
from horses_scrapy.updates.report import OK, TIMEOUT, Report, outcome, past_days, report

logger = logging.getLogger(__name__)

LOGGED_LINES = 20
TAKEN_OVER = "the process that drove it ended"


class Updates:
    """One process's share of the updates. The jobs are slots like any other: the dispatcher posts them."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._locks = Locks(settings.state_dir)
        self._since_mono: dict[int, int] = {}  # update run -> when this process first saw it
        self._told_at: dict[int, int] = {}  # update run -> when its progress was last told

    @property
    def busy(self) -> bool:
        """Whether an update that this process drives is under way: `--once` waits for it."""
        return self._locks.any

    def look(self, now_ms: int, mono_ms: int) -> None:
        """Settle what has ended or takes too long, then begin what is due."""
        self.drive(now_ms, mono_ms)
        with self._store.read() as connection:
            last = stored.last_due(connection)
        for name in self.enabled:
            if name not in last:
                with self._store.write() as connection:
                    stored.note_baseline(connection, name, now_ms)
            elif not self._locks.holds(name):
                self._begin_if_due(name, last[name], now_ms, mono_ms)

    @property
    def enabled(self) -> list[str]:
        return [name for name in NAMES if self._settings.updates.of(name).enabled]

    def drive(self, now_ms: int, mono_ms: int) -> None:
        """Settle the open updates that no other process of this machine drives."""
        with self._store.read() as connection:
            runs = stored.open_runs(connection)
        for run in runs:
            if self._locks.try_hold(run.name):
                self._settle(run, now_ms, mono_ms)

    def begin(self, name: str, options: Options, now_ms: int, mono_ms: int) -> int:
        """A person asks for it: the update run's id. Raises AlreadyRunning where it is under way."""
        self._locks.hold(name)
        self._end_abandoned(name, now_ms, mono_ms)
        start = Start(name=name, trigger=MANUAL, now_ms=now_ms, mono_ms=mono_ms, options=options)
        made = begin(self._store, self._settings, start)
        assert made is not None  # only an instant can be taken
        self._begun(made, start)
        return made

    def close(self) -> None:
        """Let go of the locks: whoever comes next drives what is open."""
        self._locks.free_all()

    def settled(self, update_run_id: int) -> str | None:
        """Its outcome, None while it is under way."""
        with self._store.read() as connection:
            return stored.outcome_of(connection, update_run_id)

    def _begin_if_due(self, name: str, last: int, now_ms: int, mono_ms: int) -> None:
        told = self._settings.updates.of(name)
        due_at = newest_due(told.cron, told.timezone, last, now_ms)
        if due_at is None or not self._locks.try_hold(name):
            return
        start = Start(name=name, trigger=UPDATE, now_ms=now_ms, mono_ms=mono_ms, due_at=due_at)
        made = begin(self._store, self._settings, start)
        if made is None:
            self._locks.free(name)
        else:
            self._begun(made, start)

    def _begun(self, update_run_id: int, start: Start) -> None:
        self._since_mono[update_run_id] = start.mono_ms
        due = "now" if start.due_at is None else f"due {from_ms(start.due_at):%Y-%m-%d %H:%M} UTC"
        logger.info("Update %s (u%d) begins, %s", start.name, update_run_id, due)
        if start.name in IN_PROCESS:
            done = reference_data.run(self._store, start.options)
        else:
            with self._store.read() as connection:
                jobs = stored.jobs_of(connection, update_run_id)
            if jobs:
                return
            done = Report(outcome=OK, lines=("no track to ask for",))
        with self._store.read() as connection:
            run = stored.run_of(connection, update_run_id)
        self._finish(run, done, start.now_ms)

    def _settle(self, run: UpdateRun, now_ms: int, mono_ms: int) -> None:
        with self._store.read() as connection:
            jobs = stored.jobs_of(connection, run.update_run_id)
        waiting = [job for job in jobs if not job.ended]
        if waiting and self._age_ms(run, now_ms, mono_ms) <= self._settings.updates.of(run.name).timeout * 1000:
            self._tell_progress(run, now_ms)
        elif waiting:
            self._stop(run, waiting, f"update {run.name} took longer than its timeout")
            self._conclude(run, TIMEOUT, now_ms)
        else:
            self._conclude(run, outcome(jobs) if jobs else stored.LOST, now_ms)

    def _age_ms(self, run: UpdateRun, now_ms: int, mono_ms: int) -> int:
        """The greater of the wall clock's, which may have been set back, and the monotonic one's since we know of it."""
        since = self._since_mono.setdefault(run.update_run_id, mono_ms)
        return max(now_ms - run.started_at, round((mono_ms - since) * self._clock.rate))

    def _end_abandoned(self, name: str, now_ms: int, mono_ms: int) -> None:
        """Where we hold the lock, no process of this machine drives what is open; of another machine's the timeout tells.

        Raises AlreadyRunning.
        """
        with self._store.read() as connection:
            runs = [run for run in stored.open_runs(connection) if run.name == name]
        for run in runs:
            limit = self._settings.updates.of(name).timeout * 1000
            if self._store.path is None and self._age_ms(run, now_ms, mono_ms) <= limit:
                self._locks.free(name)
                raise AlreadyRunning(
                    f"update {name} (u{run.update_run_id}) runs since {from_ms(run.started_at):%H:%M:%S} UTC; wait for its end"
                )
            with self._store.read() as connection:
                jobs = stored.jobs_of(connection, run.update_run_id)
            self._stop(run, [job for job in jobs if not job.ended], TAKEN_OVER)
            self._conclude(run, stored.LOST, now_ms)
            self._locks.hold(name)

    def _stop(self, run: UpdateRun, jobs: Sequence[UpdateJob], reason: str) -> None:
        """What is not posted is given up; what is, is cancelled."""
        with self._store.write() as connection:
            stored.give_up(connection, run.update_run_id, reason)
        for job in jobs:
            try:
                client_of(self._settings).cancel(job.job_id)
            except ScrapydError as error:
                logger.warning("Job %s of update %s could not be cancelled: %s", job.job_id, run.name, error)
                return

    def _conclude(self, run: UpdateRun, ended: str, now_ms: int) -> None:
        with self._store.read() as connection:
            jobs = stored.jobs_of(connection, run.update_run_id)
            done = report(connection, run, jobs, self._settings.tracks, ended)
        self._finish(run, done, now_ms)

    def _finish(self, run: UpdateRun, done: Report, now_ms: int) -> None:
        with self._store.write() as connection:
            stored.finish(connection, run.update_run_id, now_ms, done.outcome, done.counts, done.detail)
        level = logging.INFO if done.outcome == OK else logging.WARNING
        logger.log(level, "Update %s (u%d) ended %s", run.name, run.update_run_id, done)
        for line in done.lines[:LOGGED_LINES]:
            logger.info("Update %s: %s", run.name, line)
        self._since_mono.pop(run.update_run_id, None)
        self._told_at.pop(run.update_run_id, None)
        self._locks.free(run.name)

    def _tell_progress(self, run: UpdateRun, now_ms: int) -> None:
        """Once a minute, of historical_sync."""
        told = self._settings.updates.of(run.name)
        if isinstance(told, HistoricalSync) and now_ms - self._told_at.get(run.update_run_id, 0) >= MINUTE_MS:
            self._told_at[run.update_run_id] = now_ms
            logger.info("Update %s (u%d): %s", run.name, run.update_run_id, self._progress(run, now_ms))

    def _progress(self, run: UpdateRun, now_ms: int) -> Progress:
        with self._store.read() as connection:
            days = past_days(run, stored.jobs_of(connection, run.update_run_id), self._settings.tracks)
            read = [at for key, of in days.items() for at in stored.days_synced(connection, key, *of)]
        total = sum((last - first).days + 1 for first, last in days.values())
        return Progress(total, len(read), sum(at >= run.started_at for at in read), now_ms - run.started_at)
