"""What somebody must be told at once: a window that does not start, a budget that is spent, a clock that was set."""

import logging
from collections import defaultdict
from collections.abc import Iterable

from horses_scrapy.clock import Clock
from horses_scrapy.scheduling.budget import MINUTE_MS, Dropped
from horses_scrapy.scheduling.snapshot import Snapshot
from horses_scrapy.storage.slots import FAILED, WINDOW

logger = logging.getLogger(__name__)

WINDOW_LATE_MS = 5000
"""Real milliseconds after which a window should have been started: every track has a place of its own at scrapyd."""
STEP_MS = 2000
"""Real milliseconds by which the wall clock may leave the monotonic one between two looks."""


class LateWindows:
    """Each is told once."""

    def __init__(self) -> None:
        self._told: frozenset[str] = frozenset()

    def look(self, snapshot: Snapshot) -> None:
        late = {
            slot.job_id: snapshot.mono_ms - slot.due_mono
            for slot in snapshot.slots
            if slot.kind == WINDOW
            and slot.run_id is None
            and slot.state != FAILED
            and slot.until_at is not None
            and slot.until_at > snapshot.now_ms
            and snapshot.mono_ms - slot.due_mono > WINDOW_LATE_MS
        }
        for job in sorted(late.keys() - self._told):
            logger.error(
                "Window %s has not started %.0f s after it was due: is max_proc too small, is scrapyd stuck?",
                job,
                late[job] / 1000,
            )
        self._told = frozenset(late)


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
