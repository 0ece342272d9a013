"""Rows whose parent is gone, of the races of a window: their ranges of ids are read, never a whole table.

The ranges reach up to the neighbours that exist: what a lost race has left behind lies between them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, exists, func, select

from horses_scrapy.storage.quality.window import Window, race_ids
from horses_scrapy.storage.schema import betting_interest, board, metadata, race

_BY = ("race_id", "interest_id", "board_id")
"""By what a table's rows are found; the first that it has."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Orphans:
    """count: rows of a table whose parent is gone. examples: some of their references to it."""

    table: str
    column: str
    parent: str
    count: int
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Ids between two that exist, both not included; None: to the end."""

    above: int | None
    below: int | None

    def holds(self, column: Column[Any]) -> list[Any]:
        least = [] if self.above is None else [column > self.above]
        return least if self.below is None else [*least, column < self.below]


def orphans(connection: Connection, window: Window) -> list[Orphans]:
    """One for each reference that was looked at, none without races."""
    ranges = _ranges(connection, window)
    return [
        _look(connection, key, ranges[by].holds(table.c[by]))
        for table in metadata.sorted_tables
        for by in [name for name in _BY if name in table.c][:1]
        if by in ranges
        for key in sorted(table.foreign_keys, key=lambda one: one.parent.name)
    ]


def _look(connection: Connection, key: ForeignKey, within: list[Any]) -> Orphans:
    own, parent = key.parent, key.column
    table, above = own.table, parent.table.alias()
    query = select(own).where(*within, own.is_not(None), ~exists().where(above.c[parent.name] == own))
    count = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
    some = connection.scalars(query.order_by(own).limit(_SHOWN)).all() if count else ()
    return Orphans(table.name, own.name, parent.table.name, count, tuple(some))


def _ranges(connection: Connection, window: Window) -> Mapping[str, Range]:
    """By what they are ranges of; what the window has none of is left out."""
    races = _around(connection, race.c.race_id, race.c.race_id.in_(race_ids(window)))
    if races is None:
        return {}
    found = {
        "race_id": races,
        "interest_id": _around(connection, betting_interest.c.interest_id, *races.holds(betting_interest.c.race_id)),
        "board_id": _around(connection, board.c.board_id, *races.holds(board.c.race_id)),
    }
    return {name: one for name, one in found.items() if one is not None}


def _around(connection: Connection, column: Column[Any], *which: Any) -> Range | None:
    least, most = connection.execute(select(func.min(column), func.max(column)).where(*which)).one()
    if least is None:
        return None
    above = connection.scalar(select(func.max(column)).where(column < least))
    return Range(above, connection.scalar(select(func.min(column)).where(column > most)))
