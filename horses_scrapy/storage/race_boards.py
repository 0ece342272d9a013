"""Which sources tell of a race, and which boards of theirs stood. Instants are epoch milliseconds UTC."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, select

from horses_scrapy.items import RaceStatus, Source
from horses_scrapy.storage.schema import board, pair_grid, pool_change, race_source
from horses_scrapy.storage.schema import source as source_table


@dataclass(frozen=True, slots=True)
class NewestBoard:
    board_id: int
    fetched_at: int
    source_time: int | None
    status: RaceStatus
    minutes_to_post: int | None
    flags: tuple[str, ...]
    evaluated_at: int | None


@dataclass(frozen=True, slots=True)
class Teller:
    """A source of a race. board: None where it has told but the card."""

    source_id: int
    source: Source
    is_primary: bool
    url: str
    board: NewestBoard | None


class Stored(NamedTuple):
    """A board as it is stored; a race has many: no dataclass.

    grids: marks, as grids.marked reads them; changed: bet types of the pair prices stored with it, joined with commas;
    amounts: as pools.parsed reads them. Both None where nothing differs from the board before.
    """

    board_id: int
    at: int
    flags: str
    grids: str
    changed: str | None
    amounts: str | None


def tellers(connection: Connection, race_id: int) -> list[Teller]:
    """The primary one first, then by name."""
    return [_teller(row) for row in connection.execute(_TELLERS, {"of_race": race_id}).all()]


def _teller(row: Any) -> Teller:
    return Teller(
        source_id=row.source_id,
        source=Source(row.name, row.notation, row.basis),
        is_primary=bool(row.is_primary),
        url=row.url,
        board=None
        if row.board_id is None
        else NewestBoard(
            board_id=row.board_id,
            fetched_at=row.fetched_at,
            source_time=row.source_time,
            status=row.status,
            minutes_to_post=row.minutes_to_post,
            flags=tuple(filter(None, row.flags.split(","))),
            evaluated_at=row.evaluated_at,
        ),
    )


def newest_board_id(connection: Connection, race_id: int, source_id: int, at_ms: int) -> int | None:
    """Of the newest board at or before an instant."""
    return connection.scalar(_NEWEST, {"of_race": race_id, "of_source": source_id, "at": at_ms})


def trail(connection: Connection, race_id: int, source_id: int) -> list[Stored]:
    """All boards of a source, oldest first."""
    rows = connection.execute(_TRAIL, {"of_race": race_id, "of_source": source_id}).all()
    return [Stored(*row) for row in rows]


# Built once: that costs more than running them.
_OF_SOURCE = and_(board.c.race_id == race_source.c.race_id, board.c.source_id == race_source.c.source_id)
_NEWEST_AT = select(func.max(board.c.fetched_at)).where(_OF_SOURCE).correlate(race_source).scalar_subquery()
_TELLERS = (
    select(
        race_source.c.source_id, race_source.c.is_primary, race_source.c.url,
        source_table.c.name, source_table.c.notation, source_table.c.basis,
        board.c.board_id, board.c.fetched_at, board.c.source_time, board.c.status, board.c.minutes_to_post, board.c.flags,
        board.c.evaluated_at,
    )
    .join(source_table, source_table.c.source_id == race_source.c.source_id)
    .outerjoin(board, and_(_OF_SOURCE, board.c.fetched_at == _NEWEST_AT))
    .where(race_source.c.race_id == bindparam("of_race"))
    .order_by(race_source.c.is_primary.desc(), source_table.c.name)
)  # fmt: skip
_OWN = (board.c.race_id == bindparam("of_race"), board.c.source_id == bindparam("of_source"))
_NEWEST = (
    select(board.c.board_id)
    .where(*_OWN, board.c.fetched_at <= bindparam("at"))
    .order_by(board.c.fetched_at.desc())
    .limit(1)
)
_CHANGED = (
    select(func.aggregate_strings(pair_grid.c.bet_type, ","))
    .where(pair_grid.c.board_id == board.c.board_id)
    .correlate(board)
    .scalar_subquery()
)
_TRAIL = (
    select(board.c.board_id, board.c.fetched_at, board.c.flags, board.c.grids, _CHANGED, pool_change.c.amounts)
    .join(pool_change, pool_change.c.board_id == board.c.board_id, isouter=True)
    .where(*_OWN)
    .order_by(board.c.fetched_at)
)
