"""What the stored changes of one key become when boards between others go: what those others show stays the same."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Folded(Generic[V]):
    """By board id. removed: their rows go; added: they get one; newest: the last row's board before and afterwards."""

    removed: tuple[int, ...]
    added: tuple[tuple[int, V], ...]
    newest: tuple[int, int]


def fold(boards: Sequence[int], doomed: AbstractSet[int], rows: Mapping[int, V]) -> Folded[V]:
    """boards: all until one that stays, by time; rows: the changes on them, at least one.

    The newest change on boards that go moves to the next one that stays; one that then says nothing new goes too.
    """
    removed: list[int] = []
    added: list[tuple[int, V]] = []
    shown: tuple[int, V] | None = None  # the newest row so far, as it was
    stored: tuple[int, V] | None = None  # and as it is to be
    for board_id in boards:
        own = board_id in rows
        if own:
            shown = (board_id, rows[board_id])
        if board_id in doomed or (own and stored is not None and stored[1] == rows[board_id]):
            removed += [board_id] if own else []
        elif shown is not None and (stored is None or stored[1] != shown[1]):
            stored = (board_id, shown[1])
            added += [] if own else [stored]
    assert shown is not None, "a key has a row"
    assert stored is not None, "the last board stays"
    return Folded(tuple(removed), tuple(added), (shown[0], stored[0]))
