"""How late polls are, stage by stage: due, queued, started, first request, first response, committed."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from horses_scrapy.storage import lateness
from horses_scrapy.storage.lateness import STAGES, Reached

HOUR_MS = 3_600_000
STEPS = (
    "due to queued", "queued to started", "started to request", "request to response", "response to committed",
)  # fmt: skip
WHOLE = "due to committed"


@dataclass(frozen=True, slots=True)
class Line:
    """One stage of one kind of slot; seconds."""

    kind: str
    stage: str
    count: int
    p50: float
    p95: float
    most: float


def summary(slots: Iterable[Reached]) -> list[Line]:
    """By kind and stage; a stage that no slot has reached is left out."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for slot in slots:
        for stage, took in _steps(slot):
            found[slot.kind][stage].append(took)
    return [
        _line(kind, stage, found[kind][stage])
        for kind in sorted(found)
        for stage in (*STEPS, WHOLE)
        if stage in found[kind]
    ]


def last_hour(connection: Connection, now_ms: int) -> list[Line]:
    """From due to committed, by kind; none where nothing was committed."""
    lines = summary(lateness.reached(connection, now_ms - HOUR_MS, now_ms))
    return [line for line in lines if line.stage == WHOLE]


def _steps(slot: Reached) -> Iterable[tuple[str, int]]:
    """Milliseconds. A negative one is from before the machine's last boot, and says nothing."""
    instants = slot.instants
    pairs = [*zip(STEPS, instants, instants[1:], strict=False), (WHOLE, instants[0], instants[len(STAGES)])]
    return [
        (stage, after - before)
        for stage, before, after in pairs
        if before is not None and after is not None and after >= before
    ]


def _line(kind: str, stage: str, took: Sequence[int]) -> Line:
    ordered = sorted(took)
    return Line(kind, stage, len(took), _share(ordered, 0.5), _share(ordered, 0.95), ordered[-1] / 1000)


def _share(ordered: Sequence[int], share: float) -> float:
    """The nearest rank, in seconds."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] / 1000
