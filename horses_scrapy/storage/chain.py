"""The chain of one race's boards from one source: each stores what differs from the board before it.

A key that a board does not show is `gone`, and a key that was never shown is gone too: so the rows are the same for
any order of arrival. A board that arrives late is spliced in: it takes its differences from the board before it, and
the board after it takes its own anew.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection, func, select

from horses_scrapy.storage.schema import board

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a board stands. `next_id` and `next_at` are of the board after it, None where it is the newest."""

    race_id: int
    source_id: int
    board_id: int
    fetched_at: int
    next_id: int | None = None
    next_at: int | None = None


class Ledger(Protocol[K, V]):
    """One kind of thing that boards show: its changes, and the table of its newest values."""

    @property
    def gone(self) -> V: ...
    def newest(self) -> dict[K, V]: ...
    def as_of(self, at: int) -> dict[K, V]: ...
    def insert(self, board_id: int, moved: Mapping[K, V]) -> None: ...
    def remove(self, board_id: int) -> set[K]: ...
    def advance(self, before: Mapping[K, V], moved: Mapping[K, V], /) -> None: ...
    def refresh(self, keys: Iterable[K]) -> None: ...


def differences(before: Mapping[K, V], after: Mapping[K, V], gone: V) -> dict[K, V]:
    keys = dict.fromkeys((*before, *after))
    return {key: after.get(key, gone) for key in keys if before.get(key, gone) != after.get(key, gone)}


def add(ledger: Ledger[K, V], place: Place, shown: Mapping[K, V]) -> int:
    """Store what the board at `place` shows; the number of its changes."""
    if place.next_id is None or place.next_at is None:
        before = ledger.newest()
        moved = differences(before, shown, ledger.gone)
        ledger.insert(place.board_id, moved)
        ledger.advance(before, moved)
        return len(moved)
    return _splice(ledger, place, shown, place.next_id, place.next_at)


def _splice(ledger: Ledger[K, V], place: Place, shown: Mapping[K, V], next_id: int, next_at: int) -> int:
    before, after = ledger.as_of(place.fetched_at - 1), ledger.as_of(next_at)
    moved = differences(before, shown, ledger.gone)
    moved_next = differences(shown, after, ledger.gone)
    ledger.insert(place.board_id, moved)
    removed = ledger.remove(next_id)
    ledger.insert(next_id, moved_next)
    ledger.refresh({*moved, *removed, *moved_next})
    return len(moved)


def newest_at(connection: Connection, race_id: int, source_id: int, before: int | None = None) -> int | None:
    """fetched_at of the newest board, or of the newest one before an instant."""
    asked = select(func.max(board.c.fetched_at)).where(board.c.race_id == race_id, board.c.source_id == source_id)
    if before is not None:
        asked = asked.where(board.c.fetched_at < before)
    newest: int | None = connection.scalar(asked)
    return newest
