"""What somebody must be told at once: a window that does not start, a budget that is spent, a clock that was set."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable

from alerts.reading.facts import Polling
from alerts.reading.house import WINDOWS
from horses_scrapy.clock import Clock
from horses_scrapy.scheduling.budget import MINUTE_MS, Dropped
from horses_scrapy.scheduling.snapshot import Snapshot
from horses_scrapy.storage.slots import FAILED, WINDOW, SlotRow

logger = logging.getLogger(__name__)

TOLD = 5
"""Windows that one alarm names."""
WINDOW_LATE_MS = 5000
"""Real milliseconds after which a window should have been started: every track has a place of its own at scrapyd."""
STEP_MS = 2000
"""Real milliseconds by which the wall clock may leave the monotonic one between two looks."""


class LateWindows:
    """Each is told once."""

    def __init__(self) -> None:
        self._told: frozenset[str] = frozenset()
        self._polling: tuple[Polling, ...] = ()

    @property
    def polling(self) -> tuple[Polling, ...]:
        """For the rules about ourselves: a window that never started is over once a later one has."""
        return self._polling

    def look(self, snapshot: Snapshot) -> None:
        overdue = [slot for slot in snapshot.slots if slot.kind == WINDOW and _overdue(slot, snapshot)]
        late = [slot for slot in overdue if _awaited(slot, snapshot)]
        for slot in sorted(late, key=lambda slot: slot.job_id):
            if slot.job_id not in self._told:
                logger.error(
                    "Window %s has not started %.0f s after it was due: is max_proc too small, is scrapyd stuck?",
                    slot.job_id,
                    _age_ms(slot, snapshot) / 1000,
                )
        self._told = frozenset(slot.job_id for slot in late)
        if late:
            self._polling = (_stalled(late, snapshot),)
        elif _newest_started(snapshot, overdue):
            self._polling = (Polling(subject=WINDOWS),)


def _age_ms(slot: SlotRow, snapshot: Snapshot) -> int:
    return snapshot.mono_ms - slot.due_mono


def _overdue(slot: SlotRow, snapshot: Snapshot) -> bool:
    return slot.run_id is None and _age_ms(slot, snapshot) > WINDOW_LATE_MS


def _awaited(slot: SlotRow, snapshot: Snapshot) -> bool:
    return slot.state != FAILED and slot.until_at is not None and slot.until_at > snapshot.now_ms


def _stalled(late: Collection[SlotRow], snapshot: Snapshot) -> Polling:
    oldest_first = sorted(late, key=lambda slot: (-_age_ms(slot, snapshot), slot.job_id))
    return Polling(
        subject=WINDOWS,
        at=snapshot.at(oldest_first[0]),
        lasts_ms=_age_ms(oldest_first[0], snapshot),
        told=tuple(slot.job_id for slot in oldest_first[:TOLD]),
    )


def _newest_started(snapshot: Snapshot, overdue: Collection[SlotRow]) -> bool:
    """Whether a window has started that was due no earlier than the last one that did not."""
    started = [slot.due_at for slot in snapshot.slots if slot.kind == WINDOW and slot.run_id is not None]
    return bool(started) and max(started) >= max((slot.due_at for slot in overdue), default=0)


class OverBudget:
    """What was not queued is told once for each host and minute."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def look(self, dropped: Iterable[Dropped], now_ms: int) -> None:
        by_host: dict[str, list[Dropped]] = defaultdict(list)
        for one in dropped:
            by_host[one.host].append(one)
        for host, ones in by_host.items():
            if self._told.get(host) != now_ms // MINUTE_MS:
                self._told[host] = now_ms // MINUTE_MS
                jobs = ", ".join(one.due.job_id for one in ones)
                logger.warning("Not queued: %s. %s", jobs, ones[0].reason)


class Steps:
    """Notices that the wall clock was set, or the machine slept."""

    def __init__(self) -> None:
        self._seen: tuple[int, int] | None = None

    def look(self, clock: Clock) -> None:
        now, mono = clock.now_ms(), clock.monotonic_ms()
        if self._seen is not None:
            stepped = (now - self._seen[0]) / clock.rate - (mono - self._seen[1])
            if abs(stepped) > STEP_MS:
                logger.warning(
                    "The clock was set by %+.0f s, or the machine slept: all is planned anew", stepped / 1000
                )
        self._seen = now, mono
