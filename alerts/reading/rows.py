"""Readings that are the same for every rule of a kind: worked out once for a board, then each rule takes its own. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.reading.reading import Reading
from alerts.reading.sheet import Labels, Sheet
from alerts.rules import BoardRule


@dataclass(frozen=True, slots=True)
class Rows:
    """unread: what could not be judged, and why."""

    readings: Sequence[Reading]
    unread: Sequence[tuple[Labels, str]] = ()


def within_scope(rule: BoardRule, sheet: Sheet, rows: Rows | str) -> Iterator[Reading]:
    """Those of the rule's horses. A text is why there are no rows at all."""
    if isinstance(rows, str):
        sheet.skip(rule, None, rows)
        return
    wanted = sheet.wanted(rule)
    for labels, why in rows.unread:
        if wanted is None or not wanted.isdisjoint(labels):
            sheet.skip(rule, "-".join(labels), why)
    for reading in rows.readings:
        if wanted is None or not wanted.isdisjoint(reading.labels):
            yield reading
