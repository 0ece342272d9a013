"""What a crawl did in one line and in crawl_run.summary: records, requests by host, time, throughput, success."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """items: that passed all pipelines, boards among them. answered: requests that got an answer below 400.

    polls: rounds that were made; skipped: instants of a window at which the poll before was still under way.
    """

    items: int
    boards: int
    rejected: int
    errors: int
    requests: Mapping[str, int]
    answered: int
    duration_ms: int
    polls: int = 1
    skipped: int = 0

    @property
    def requested(self) -> int:
        return sum(self.requests.values())

    @property
    def items_per_second(self) -> float:
        return round(self.items * 1000 / max(1, self.duration_ms), 2)

    @property
    def success_rate(self) -> float | None:
        """Percent; None where nothing was asked for."""
        return round(100 * self.answered / self.requested, 1) if self.requested else None

    def text(self) -> str:
        hosts = ", ".join(f"{host} {count}" for host, count in sorted(self.requests.items()))
        parts = [
            f"{self.boards} boards",
            f"{self.items} items",
            f"{self.rejected} rejected",
            f"{self.requested} requests{f' ({hosts})' if hosts else ''}",
            f"{self.duration_ms / 1000:.1f} s",
            f"{self.items_per_second:.1f} items/s",
        ]
        if self.success_rate is not None:
            parts.append(f"{self.success_rate:g} % of requests answered")
        if self.polls != 1 or self.skipped:
            parts.append(f"{self.polls} polls, {self.skipped} skipped")
        return ", ".join(parts)

    def json(self) -> str:
        told: dict[str, Any] = {
            "records": self.items,
            "boards": self.boards,
            "rejected": self.rejected,
            "errors": self.errors,
            "requests": dict(sorted(self.requests.items())),
            "answered": self.answered,
            "duration_ms": self.duration_ms,
            "items_per_second": self.items_per_second,
            "success_rate": self.success_rate,
            "polls": self.polls,
            "skipped": self.skipped,
        }
        return json.dumps(told, separators=(",", ":"))
