"""How far historical_sync has come, for its log: a full backfill takes hours."""

from dataclasses import dataclass

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Progress:
    """Days of all tracks together. done: read so far, of which `now` in this run, which is `elapsed_ms` old."""

    total: int
    done: int
    now: int
    elapsed_ms: int

    @property
    def eta_minutes(self) -> int | None:
        """None before the first day is done."""
        if self.now == 0:
            return None
        return round((self.total - self.done) * self.elapsed_ms / self.now / MINUTE_MS)

    def __str__(self) -> str:
        eta = self.eta_minutes
        rate = self.now * MINUTE_MS / max(1, self.elapsed_ms)
        left = "no estimate yet" if eta is None else f"{rate:.1f} a minute, about {eta // 60} h {eta % 60} min left"
        return f"{self.done} of {self.total} days are read; {left}"
