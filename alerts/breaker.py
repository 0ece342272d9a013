"""Keeps away from a server that is down or refuses us. Pure but for its clock, in real seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from alerts.outcome import Outcome

PROBE = 5.0
"""Seconds between two tries of a server that is down. Fixed: the messages wait for it, not each for itself."""
CONFIG_PAUSE = 300.0
"""Seconds before a server that refuses us is asked again: more often could lock the account."""
RECONNECT = 1.0
"""Seconds before the next connection where one broke off: at most one each second, whatever the server does."""
STOPS = frozenset({"transient-server", "config-error"})
"""Outcomes that are about the server, so that the whole queue waits."""


@dataclass(slots=True)
class Breaker:
    """Of one server. While `failures` is not 0 one message is offered at a time, as the probe."""

    now: Callable[[], float] = time.monotonic
    failures: int = 0
    until: float = field(default=0.0)

    @property
    def closed(self) -> bool:
        """Whether the server may be asked."""
        return self.now() >= self.until

    def wait(self) -> float:
        return max(0.0, self.until - self.now())

    def told(self, outcome: Outcome) -> float:
        """Learn of an outcome; the seconds to keep away from now on."""
        self.failures = self.failures + 1 if outcome.label in STOPS else 0
        pause = pause_after(outcome)
        self.until = self.now() + pause
        return pause


def pause_after(outcome: Outcome) -> float:
    match outcome.label:
        case "config-error":
            return CONFIG_PAUSE
        case "transient-server":
            return PROBE
        case "in-doubt":
            return RECONNECT
        case _:
            return 0.0
