"""One call after each round of work, however short the rounds are."""

import time

from horses_scrapy.supervise import notify
from horses_scrapy.supervise.dead_man import DeadMan

EVERY_S = 5.0
"""Far below the units' WatchdogSec."""


class Heartbeat:
    """Tells the supervisor and the dead-man switch, at most every `every` seconds."""

    def __init__(self, dead_man: DeadMan, every: float = EVERY_S) -> None:
        self._dead_man = dead_man
        self._every = every
        self._told = -every

    def beat(self, *, well: bool) -> None:
        """well: the round did its work. One that could not, and tries again, is no reason for the supervisor to kill us."""
        now = time.monotonic()
        if now - self._told >= self._every:
            self._told = now
            notify.alive()
            if well:
                self._dead_man.well()
