"""The scheduler's loop: look, queue what is due, sleep until the next instant that matters. One thread."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from alerts.engine import Engine
from alerts.system_engine import SystemEngine
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import HorsesError, ScrapydError, StoreBroken, StoreError
from horses_scrapy.health import Fault
from horses_scrapy.scheduling.console import Console
from horses_scrapy.scheduling.deadlines import Deadlines
from horses_scrapy.scheduling.jobs import Dispatcher, Scrapyd, write_due
from horses_scrapy.scheduling.outage import Outage
from horses_scrapy.scheduling.plan import next_due, plan
from horses_scrapy.scheduling.snapshot import Snapshot, take
from horses_scrapy.scheduling.stop import Stop
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.slots import PLANNED, SlotRow, outcomes, unposted_slots

logger = logging.getLogger(__name__)

LOOK_S = 1.0
"""Real seconds between two looks while jobs are under way: their boards and alerts are told, waiting polls posted."""
LEAST_S = 0.05
"""No look follows another sooner: a clock that disagrees with the plan must not make a busy loop."""
SWEEP_AFTER_MS = 60_000
"""A board that is not evaluated by then was left by a crash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the scheduler works with."""

    settings: Settings
    store: Store
    clock: Clock
    scrapyd: Scrapyd
    engine: Engine
    system: SystemEngine
    tracks: tuple[str, ...]


class Scheduler:
    """Queues what is due, whatever happened at the last look."""

    def __init__(self, parts: Parts, faults: Sequence[Fault] = ()) -> None:
        told = parts.settings.scraping
        self.faults = tuple(faults)  # of single tracks, found at the start
        self.parts = parts
        self._dispatcher = Dispatcher(parts.store, parts.scrapyd, told)
        self._deadlines = Deadlines(parts.store, parts.scrapyd, parts.tracks, parts.settings.scheduler.job_timeout)
        self._console = Console(parts.store)
        self._outage = Outage()
        self._all_unposted = True
        self._ticked: int | None = None

    def run(self, stop: Stop) -> None:
        """Look until a stop is asked for. What fails at one look does not keep the next from trying; raises StoreBroken."""
        while True:
            pause = self.parts.clock.real_seconds(self.parts.settings.scheduler.tick)
            try:
                self.look()
                pause = min(pause, self._until_next())
            except StoreBroken:
                raise  # what a broken disk says to a second try is not to be believed: the supervisor starts us anew
            except (HorsesError, SQLAlchemyError, OSError) as error:
                logger.exception("This look failed; the next one tries again")
                if isinstance(error, StoreError | SQLAlchemyError):
                    self.parts.system.store_failed(error)
            if stop.wait(max(LEAST_S, pause)):
                return

    def look(self) -> None:
        """Plan, queue, stop what is overdue, evaluate what no crawl does, tell what is new."""
        snapshot = self.snapshot()
        for due in plan(
            snapshot.now_ms, self.parts.tracks, snapshot.races, snapshot.past, self.parts.settings.scraping
        ):
            write_due(self.parts.store, due, snapshot)
        self.dispatch()
        if self._ticks():
            self._evaluate()
        self._console.report()

    def dispatch(self) -> None:
        """Post what waits and stop what is overdue, as far as scrapyd answers."""
        snapshot = self.snapshot()
        try:
            asked = self._dispatcher.dispatch(snapshot, self._planned(snapshot))
            asked |= self._deadlines.enforce(snapshot)
        except ScrapydError as error:
            self._outage.failed(error)
            self._all_unposted = True
            return
        if asked:
            self._outage.answered()
        self._all_unposted = False

    def report(self) -> None:
        self._console.report()

    def snapshot(self) -> Snapshot:
        with self.parts.store.read() as connection:
            return take(connection, self.parts.clock, self.parts.settings, self.parts.tracks)

    def _planned(self, snapshot: Snapshot) -> list[SlotRow]:
        """After a start and an outage, also what is too old to be in the snapshot: it is asked for, and given up."""
        if not self._all_unposted:
            return [slot for slot in snapshot.slots if slot.state == PLANNED]
        with self.parts.store.read() as connection:
            return [slot for slot in unposted_slots(connection) if slot.track in self.parts.tracks]

    def _until_next(self) -> float:
        """Real seconds until the next look is due."""
        snapshot = self.snapshot()
        told = self.parts.settings.scraping
        due = next_due(snapshot.now_ms, self.parts.tracks, snapshot.races, snapshot.past, told)
        until = self.parts.clock.real_seconds((due - snapshot.now_ms) / 1000)
        return min(until, LOOK_S) if self._under_way(snapshot) and not self._outage.lasts else until

    def _under_way(self, snapshot: Snapshot) -> bool:
        since = snapshot.now_ms - self.parts.settings.scheduler.job_timeout * 1000
        posted = [slot.job_id for slot in snapshot.slots if slot.posted_at is not None and slot.posted_at >= since]
        with self.parts.store.read() as connection:
            ended = outcomes(connection, posted)
        return bool(self._planned(snapshot)) or any(ended.get(job) is None for job in posted)

    def _ticks(self) -> bool:
        """Whether a tick has passed since the last one."""
        now = self.parts.clock.monotonic_ms()
        every = self.parts.clock.real_seconds(self.parts.settings.scheduler.tick) * 1000
        if self._ticked is not None and now - self._ticked < every:
            return False
        self._ticked = now
        return True

    def _evaluate(self) -> None:
        """What a crash left, and the rules about ourselves; the console tells their alerts."""
        for fired in self.parts.engine.evaluate_pending(older_than_ms=SWEEP_AFTER_MS):
            logger.info("Evaluated late, after a crash: alert %s of rule %s", fired.alert_id, fired.rule)
        self.parts.system.evaluate_all(self.parts.tracks)
