"""How often one host is asked: a token bucket, kept as one number (the generic cell rate algorithm). Pure.

That number is the arrival time: the instant (epoch ms) at which the bucket will be full again. Each request moves it on
by one interval, and may be made while it is less than `burst` intervals ahead.
"""

import math
from dataclasses import dataclass
from typing import Self

from horses_scrapy.config.tracks import RateLimit


@dataclass(frozen=True, slots=True)
class Bucket:
    """At most `burst` + t / interval requests in any time t (ms)."""

    interval: int
    burst: int

    @classmethod
    def of(cls, limit: RateLimit) -> Self:
        """Rounded to the slower side."""
        return cls(math.ceil(1000 / limit.requests_per_second), limit.burst)

    def wait(self, arrival: int, now: int) -> int:
        """Milliseconds until a request may be made."""
        return max(0, self._full(arrival, now) - (self.burst - 1) * self.interval - now)

    def take(self, arrival: int, now: int) -> int:
        """The arrival time after a request at `now`, for which `wait` was 0."""
        return self._full(arrival, now) + self.interval

    def _full(self, arrival: int, now: int) -> int:
        """An arrival time that no request could have left comes from a clock that was set back, and means nothing."""
        return min(max(arrival, now), now + self.burst * self.interval)
