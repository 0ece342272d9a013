"""How late polls are, for people (health/lateness.py counts)."""

from collections.abc import Iterable

from horses_scrapy.health.lateness import STEPS, WHOLE, Line, last_hour, summary
from horses_scrapy.storage import lateness
from horses_scrapy.storage.engine import Store

__all__ = ["HEADERS", "STEPS", "WHOLE", "Line", "between", "hourly_line", "rows", "summary"]

HEADERS = ("kind", "stage", "slots", "p50", "p95", "max")


def between(store: Store, since_ms: int, until_ms: int) -> list[Line]:
    with store.read() as connection:
        return summary(lateness.reached(connection, since_ms, until_ms))


def hourly_line(store: Store, now_ms: int) -> str | None:
    """The last hour in one line; None where nothing was committed in it."""
    with store.read() as connection:
        whole = last_hour(connection, now_ms)
    told = [f"{one.count} {one.kind} p50 {one.p50:.1f} s, p95 {one.p95:.1f} s, max {one.most:.1f} s" for one in whole]
    return f"Lateness of the last hour, {WHOLE}: {'; '.join(told)}" if told else None


def rows(lines: Iterable[Line]) -> list[tuple[str, ...]]:
    """As HEADERS; a kind is named once."""
    made, before = [], ""
    for line in lines:
        seconds = (f"{value:.2f} s" for value in (line.p50, line.p95, line.most))
        made.append((line.kind if line.kind != before else "", line.stage, str(line.count), *seconds))
        before = line.kind
    return made
