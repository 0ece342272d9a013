"""The card as it was: what is evaluated late, or replayed, must not know of what came after. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from horses_scrapy.storage.alert_history import CardChange
from horses_scrapy.storage.board_view import RaceView, RunnerView

_OF_RUNNER = {
    "status": "status",
    "jockey": "jockey",
    "trainer": "trainer",
    "morning_line_odds": "morning_line",
    "horse": "horse",
    "label": "label",
}
"""Field of a change -> attribute of a RunnerView."""
_NUMBERS = frozenset({"morning_line_odds", "post_time"})


def runners_at(runners: Sequence[RunnerView], changes: Sequence[CardChange], at_ms: int) -> tuple[RunnerView, ...]:
    later = _later(changes, at_ms)
    if not later:
        return tuple(runners)
    return tuple(_undone(runner, later) for runner in runners)


def race_at(race: RaceView, changes: Sequence[CardChange], at_ms: int) -> RaceView:
    for change in _later(changes, at_ms):
        if change.entry_id is None and change.field == "post_time":
            race = replace(race, post_time=_value(change))
    return race


def _later(changes: Sequence[CardChange], at_ms: int) -> list[CardChange]:
    """Newest first: the order in which they are undone."""
    return [change for change in reversed(changes) if change.at > at_ms]


def _undone(runner: RunnerView, later: Iterable[CardChange]) -> RunnerView:
    old: dict[str, Any] = {
        _OF_RUNNER[change.field]: _value(change)
        for change in later
        if change.entry_id == runner.entry_id and change.field in _OF_RUNNER
    }
    return replace(runner, **old) if old else runner


def _value(change: CardChange) -> Any:
    return int(change.old) if change.field in _NUMBERS and change.old is not None else change.old
