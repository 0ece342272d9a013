"""The way that every price of a race took, and who says so. Instants are epoch milliseconds UTC."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, select

from horses_scrapy.items import Market, RaceStatus, Source
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.schema import betting_interest, board, entry, price_change, race_source
from horses_scrapy.storage.schema import source as source_table


@dataclass(frozen=True, slots=True)
class NewestBoard:
    board_id: int
    fetched_at: int
    source_time: int | None
    status: RaceStatus
    minutes_to_post: int | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Teller:
    """A source of a race. board: None where it has told but the card."""

    source_id: int
    source: Source
    is_primary: bool
    url: str
    board: NewestBoard | None


@dataclass(frozen=True, slots=True)
class Step:
    """What stood from `at`, the fetched_at of a board, until the next step."""

    at: int
    shown: Shown


@dataclass(frozen=True, slots=True)
class Paths:
    """steps: by source and interest, each by time: boards that came late stand where they belong. looked_at: a source's newest board."""

    steps: Mapping[tuple[int, int], Sequence[Step]]
    looked_at: Mapping[int, int]


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
        ),
    )


def interests(connection: Connection, race_id: int) -> dict[int, str]:
    """Labels by id."""
    return dict(connection.execute(_INTERESTS, {"of_race": race_id}).all())


def post_positions(connection: Connection, race_id: int) -> dict[int, str | None]:
    """By entry id."""
    return dict(connection.execute(_POSITIONS, {"of_race": race_id}).all())


def price_paths(
    connection: Connection, race_id: int, source_ids: Collection[int], market: Market, before: int
) -> Paths:
    """From the first price on, up to, not including, the instant `before`."""
    asked = {"of_race": race_id, "of_sources": list(source_ids), "in_market": market, "before": before}
    boards = {board_id: (source_id, at) for board_id, source_id, at in connection.execute(_BOARDS, asked).all()}
    steps: dict[tuple[int, int], list[Step]] = {}
    for interest, of_board, price, status in connection.execute(_PRICES, asked).all():
        if of_board in boards:
            source_id, at = boards[of_board]
            steps.setdefault((source_id, interest), []).append(Step(at, Shown(price, status)))
    looked_at = dict(sorted(boards.values()))
    return Paths({key: sorted(path, key=lambda step: step.at) for key, path in steps.items()}, looked_at)


# Built once: that costs more than running them.
_OF_RACE = board.c.race_id == bindparam("of_race")
_NEWEST_AT = (
    select(func.max(board.c.fetched_at))
    .where(board.c.race_id == race_source.c.race_id, board.c.source_id == race_source.c.source_id)
    .correlate(race_source)
    .scalar_subquery()
)
_OF_SOURCE = and_(board.c.race_id == race_source.c.race_id, board.c.source_id == race_source.c.source_id)
_TELLERS = (
    select(
        race_source.c.source_id, race_source.c.is_primary, race_source.c.url,
        source_table.c.name, source_table.c.notation, source_table.c.basis,
        board.c.board_id, board.c.fetched_at, board.c.source_time, board.c.status, board.c.minutes_to_post, board.c.flags,
    )
    .join(source_table, source_table.c.source_id == race_source.c.source_id)
    .outerjoin(board, and_(_OF_SOURCE, board.c.fetched_at == _NEWEST_AT))
    .where(race_source.c.race_id == bindparam("of_race"))
    .order_by(race_source.c.is_primary.desc(), source_table.c.name)
)  # fmt: skip
_INTERESTS = select(betting_interest.c.interest_id, betting_interest.c.label).where(
    betting_interest.c.race_id == bindparam("of_race")
)
_POSITIONS = select(entry.c.entry_id, entry.c.post_position).where(entry.c.race_id == bindparam("of_race"))
# Two statements, each along its own index: joined, SQLite may look for the prices of every board.
_BOARDS = select(board.c.board_id, board.c.source_id, board.c.fetched_at).where(
    _OF_RACE,
    board.c.source_id.in_(bindparam("of_sources", expanding=True)),
    board.c.fetched_at < bindparam("before"),
)
_PRICES = select(
    price_change.c.interest_id, price_change.c.board_id, price_change.c.price, price_change.c.status
).where(
    price_change.c.interest_id.in_(
        select(betting_interest.c.interest_id).where(betting_interest.c.race_id == bindparam("of_race"))
    ),
    price_change.c.market == bindparam("in_market"),
)
