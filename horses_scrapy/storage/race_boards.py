"""Which sources show a race, and which board of theirs stood at an instant (epoch milliseconds UTC)."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from horses_scrapy.items import Basis, Notation, Source
from horses_scrapy.storage.schema import board, race_source
from horses_scrapy.storage.schema import source as source_table


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceSource:
    """A source that has the race on its card."""

    source_id: int
    name: str
    notation: Notation
    basis: Basis
    is_primary: bool

    @property
    def source(self) -> Source:
        return Source(self.name, self.notation, self.basis)


def race_sources(connection: Connection, race_id: int) -> list[RaceSource]:
    """The primary one first, then by name."""
    rows = connection.execute(_SOURCES, {"of_race": race_id}).all()
    return [
        RaceSource(
            source_id=row.source_id,
            name=row.name,
            notation=row.notation,
            basis=row.basis,
            is_primary=bool(row.is_primary),
        )
        for row in rows
    ]


def newest_board_id(connection: Connection, race_id: int, source_id: int, at_ms: int) -> int | None:
    """Of the newest board at or before an instant."""
    return connection.scalar(_NEWEST, {"of_race": race_id, "of_source": source_id, "at": at_ms})


# Built once: that costs more than running them.
_SOURCES = (
    select(
        source_table.c.source_id,
        source_table.c.name,
        source_table.c.notation,
        source_table.c.basis,
        race_source.c.is_primary,
    )
    .join(source_table, source_table.c.source_id == race_source.c.source_id)
    .where(race_source.c.race_id == bindparam("of_race"))
    .order_by(race_source.c.is_primary.desc(), source_table.c.name)
)
_NEWEST = (
    select(board.c.board_id)
    .where(
        board.c.race_id == bindparam("of_race"),
        board.c.source_id == bindparam("of_source"),
        board.c.fetched_at <= bindparam("at"),
    )
    .order_by(board.c.fetched_at.desc())
    .limit(1)
)
