"""The scheduler's loop: look, queue what is due, sleep until the next instant that matters. One thread."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from alerts.engine import Engine
from alerts.system_engine import SystemEngine
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.config.updates import Updates as Named
from horses_scrapy.errors import AlreadyRunning, HorsesError, ScrapydError, StoreBroken, StoreError
from horses_scrapy.health import Fault
from horses_scrapy.scheduling import captures, lateness
from horses_scrapy.scheduling.alarms import LateWindows, OverBudget, Steps
from horses_scrapy.scheduling.budget import within
from horses_scrapy.scheduling.console import Console
from horses_scrapy.scheduling.deadlines import Deadlines
from horses_scrapy.scheduling.jobs import Dispatcher, Scrapyd, write_due
from horses_scrapy.scheduling.leadership import Lead
from horses_scrapy.scheduling.outage import Outage
from horses_scrapy.scheduling.plan import Due, next_due, plan
from horses_scrapy.scheduling.snapshot import Snapshot, Terms, take_by
from horses_scrapy.scheduling.stop import Stop
from horses_scrapy.scheduling.timeline import Timelines
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.slots import PLANNED, POSTED, SlotRow, recent_slots, unposted_slots
from horses_scrapy.supervise import notify
from horses_scrapy.supervise.dead_man import DeadMan
from horses_scrapy.updates.service import Updates

logger = logging.getLogger(__name__)

LOOK_S = 1.0
"""Real seconds between two looks while jobs are under way: their boards and alerts are told, waiting polls posted."""
LEAST_S = 0.05
"""No look follows another sooner: a clock that disagrees with the plan must not make a busy loop."""
SWEEP_AFTER_MS = 60_000
"""A board that is not evaluated by then was left by a crash."""
OPENS_MS = 2000
"""Real milliseconds in which a posted job usually opens its run: scrapyd need not be asked about it before."""
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the scheduler works with; all of it writes through the lead's store."""

    settings: Settings
    lead: Lead
    clock: Clock
    scrapyd: Scrapyd
    engine: Engine
    system: SystemEngine
    updates: Updates
    dead_man: DeadMan

    @property
    def store(self) -> Store:
        return self.lead.store

    @property
    def tracks(self) -> tuple[str, ...]:
        return tuple(sorted(self.settings.enabled_tracks))


class Scheduler:
    """Queues what is due, whatever happened at the last look."""

    def __init__(self, parts: Parts, faults: Sequence[Fault] = ()) -> None:
        self.faults = tuple(faults)  # of single tracks, found at the start
        self.parts = parts
        self._terms, self._timelines = Terms(parts.settings, parts.tracks), Timelines()
        self._dispatcher = Dispatcher(parts.store, parts.scrapyd, parts.settings)
        self._deadlines = Deadlines(parts.store, parts.scrapyd, parts.settings)
        self._console = Console(parts.store)
        self._outage, self._late_windows = Outage(), LateWindows()
        self._over_budget, self._steps = OverBudget(), Steps()
        self._all_unposted = True
        self._ticked: int | None = None
        self._summed_up: int | None = None

    def run(self, stop: Stop) -> None:
        """Look until a stop or a reload is asked for. What fails at one look does not keep the next from trying.

        Raises StoreBroken, and AlreadyRunning where another scheduler leads.
        """
        while True:
            began = self.parts.clock.monotonic_ms()
            until = None
            try:
                until = self.look()
            except (StoreBroken, AlreadyRunning):
                raise  # what a broken disk says to a second try is not to be believed: the supervisor starts us anew
            except (HorsesError, SQLAlchemyError, OSError) as error:
                logger.exception("This look failed; the next one tries again")
                if isinstance(error, StoreError | SQLAlchemyError):
                    self.parts.system.store_failed(error)
            if stop.wait(self._pause(began, until)):
                return

    def _pause(self, began: int, until: float | None) -> float:
        """Real seconds: to the next tick, however long this look took, or until something is due."""
        tick = self.parts.clock.real_seconds(self.parts.settings.scheduler.tick)
        left = tick - (self.parts.clock.monotonic_ms() - began) / 1000
        return max(LEAST_S, left if until is None else min(left, until))

    def look(self) -> float:
        """Plan, queue, stop what is overdue, evaluate what no crawl does, tell what is new.

        Real seconds until the next look is due.
        """
        self._steps.look(self.parts.clock)
        ticks = self.renew_at_tick()
        snapshot = self.snapshot()
        if ticks:
            self.parts.updates.look(snapshot.now_ms, snapshot.mono_ms)
        rows = [write_due(self.parts.store, due, snapshot) for due in self._plan(snapshot)]
        snapshot = snapshot.with_planned([row for row in rows if row is not None])
        waiting = self._dispatch(snapshot)
        if ticks:
            self._evaluate(snapshot.now_ms)
        self._console.report()
        self._tell_well()
        return self._until_next(snapshot, waiting=waiting)

    def renew_at_tick(self) -> bool:
        """Whether a tick has passed since the last one. Raises AlreadyRunning where another scheduler leads."""
        ticks = self._ticks()
        if ticks:
            self.parts.lead.renew()
        return ticks

    def dispatch(self) -> None:
        """Post what waits and stop what is overdue, as far as scrapyd answers."""
        self._dispatch(self.snapshot())

    def _dispatch(self, snapshot: Snapshot) -> bool:
        """Whether there was something to post or to decide."""
        self._late_windows.look(snapshot)
        slots = self._undecided(snapshot)
        if slots or self._deadlines.asks(snapshot) or self._outage.lasts:
            self._decide(snapshot, slots)
        return bool(slots)

    def _decide(self, snapshot: Snapshot, slots: list[SlotRow]) -> None:
        try:
            jobs = self.parts.scrapyd.listjobs()
            self._dispatcher.dispatch(snapshot, slots, jobs)
            self._deadlines.enforce(snapshot, jobs)
        except ScrapydError as error:
            self._outage.failed(error)
            self._all_unposted = True
            return
        self._outage.answered()
        self._all_unposted = False

    def report(self) -> None:
        self._console.report()

    def snapshot(self) -> Snapshot:
        with self.parts.store.read() as connection:
            return take_by(self._terms, connection, self.parts.clock)

    def _plan(self, snapshot: Snapshot) -> list[Due]:
        """What is due, as far as the budgets of its hosts allow."""
        window_ms = self.parts.settings.scheduler.window * 1000
        due = plan(snapshot.now_ms, snapshot.watched, snapshot.races, snapshot.past, window_ms, self._timelines)
        kept, dropped = within(due, snapshot.budgets)
        self._over_budget.look(dropped, snapshot.now_ms)
        return kept

    def _undecided(self, snapshot: Snapshot) -> list[SlotRow]:
        """What is planned, and what was posted a while ago and is claimed by no run.

        After a start and an outage, also what is too old to be in the snapshot: it is asked for, and given up.
        """
        slots = {slot.job_id: slot for slot in [*snapshot.slots, *self._of_updates(snapshot)]}
        if self._all_unposted:
            with self.parts.store.read() as connection:
                slots |= {slot.job_id: slot for slot in unposted_slots(connection)}
        opened_by = snapshot.now_ms - OPENS_MS * snapshot.rate
        return [slot for slot in slots.values() if slot.track in self._terms.tracks and _undecided(slot, opened_by)]

    def _of_updates(self, snapshot: Snapshot) -> list[SlotRow]:
        longest = max(self.parts.settings.updates.of(name).timeout for name in Named.NAMES)
        since = snapshot.now_ms - round(longest * 1000)
        with self.parts.store.read() as connection:
            return recent_slots(connection, self._terms.tracks, since, Named.NAMES)

    def _until_next(self, snapshot: Snapshot, *, waiting: bool) -> float:
        """Real seconds. What fell due since the snapshot is due at once."""
        window_ms = self.parts.settings.scheduler.window * 1000
        due = next_due(snapshot.now_ms, snapshot.watched, snapshot.races, snapshot.past, window_ms, self._timelines)
        until = self.parts.clock.real_seconds((due - self.parts.clock.now_ms()) / 1000)
        since = snapshot.now_ms - round(self.parts.settings.scheduler.job_timeout * 1000)
        under_way = waiting or snapshot.under_way(since)
        return min(until, LOOK_S) if under_way and not self._outage.lasts else until

    def _ticks(self) -> bool:
        now = self.parts.clock.monotonic_ms()
        every = self.parts.clock.real_seconds(self.parts.settings.scheduler.tick) * 1000
        if self._ticked is not None and now - self._ticked < every:
            return False
        self._ticked = now
        return True

    def _evaluate(self, now_ms: int) -> None:
        """What a crash left, and the rules about ourselves; the console tells their alerts."""
        for fired in self.parts.engine.evaluate_pending(older_than_ms=SWEEP_AFTER_MS):
            logger.info("Evaluated late, after a crash: alert %s of rule %s", fired.alert_id, fired.rule)
        captures.settle(self.parts.store, self.parts.settings, now_ms)
        self.parts.system.polls([*self._outage.polling(self.parts.clock), *self._late_windows.polling])
        self.parts.system.evaluate_all(self.parts.tracks)
        self._sum_up(now_ms)

    def _sum_up(self, now_ms: int) -> None:
        """How late polls were, once an hour."""
        if self._summed_up is None or now_ms < self._summed_up:
            self._summed_up = now_ms
        if now_ms - self._summed_up >= HOUR_MS:
            self._summed_up = now_ms
            line = lateness.hourly_line(self.parts.store, now_ms)
            if line is not None:
                logger.info("%s", line)

    def _tell_well(self) -> None:
        """A restart of ours mends no scrapyd: of an outage only the dead-man switch is told."""
        notify.alive()
        if self._outage.alarmed:
            self.parts.dead_man.failed()
        else:
            self.parts.dead_man.well()


def _undecided(slot: SlotRow, opened_by: float) -> bool:
    if slot.state == POSTED:
        return slot.run_id is None and slot.posted_at is not None and slot.posted_at < opened_by
    return slot.state == PLANNED
