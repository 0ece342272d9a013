"""Pair prices: a grid is stored whole, on the boards where any cell, the base or the currency differs.

A board without a grid says nothing about pairs, so a grid is compared with the newest one before it. board.grids keeps
which grids came with a board and when, because a grid that was equal, and so not stored, may have to be stored once a
board that arrives late stands before it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from horses_scrapy.clock import to_ms
from horses_scrapy.items import OddsItem, PairGrid
from horses_scrapy.storage import arrays, identity
from horses_scrapy.storage.chain import Place
from horses_scrapy.storage.schema import board, pair_grid

NO_PAIRS = "no_pairs"
_MARK = re.compile(r"([a-z]+)([+-]\d+)")


@dataclass(frozen=True, slots=True)
class Grid:
    """Pay-outs by (first, second) interest, for `base`; `cap` stands for "this or more"."""

    base: int
    currency: str
    cap: int | None
    payouts: Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class StoredGrid:
    grid_id: int
    board_id: int
    fetched_at: int
    grid: Grid


def quoted(item: OddsItem) -> tuple[PairGrid, ...]:
    """The grids that say something."""
    if NO_PAIRS in item.flags:
        return ()
    return tuple(grid for grid in item.grids if grid.prices)


def marks(item: OddsItem) -> str:
    """For board.grids: `exacta+0,quinella+350`, in milliseconds after the board."""
    board_at = to_ms(item.fetched_at)
    return ",".join(sorted(f"{grid.bet_type}{to_ms(grid.fetched_at) - board_at:+}" for grid in quoted(item)))


def marked(text: str, board_at: int) -> dict[str, int]:
    """Bet type -> when its pair prices came, of a board's marks."""
    return {found[1]: board_at + int(found[2]) for found in _MARK.finditer(text)}


def as_of(connection: Connection, race_id: int, source_id: int, bet_type: str, at: int) -> StoredGrid | None:
    """The newest at or before an instant."""
    asked = {"of_race": race_id, "of_source": source_id, "of_bet_type": bet_type, "at": at}
    row = connection.execute(_AS_OF, asked).one_or_none()
    if row is None:
        return None
    grid = Grid(row.base, row.currency, row.cap, unpacked(row.interests, row.payouts))
    return StoredGrid(row.grid_id, row.board_id, row.fetched_at, grid)


def packed(payouts: Mapping[tuple[int, int], int]) -> dict[str, str]:
    """The columns interests and payouts: row by row, first x second. A third of the bytes of a row per pair."""
    interests = sorted({interest for pair in payouts for interest in pair})
    cells = [payouts.get(pair) for pair in product(interests, interests)]
    return {"interests": arrays.packed(interests), "payouts": arrays.packed(cells)}


def unpacked(interests: str, payouts: str) -> dict[tuple[int, int], int]:
    order = json.loads(interests)
    pairs = zip(product(order, order), json.loads(payouts), strict=True)
    return {pair: payout for pair, payout in pairs if payout is not None}


def add(connection: Connection, place: Place, item: OddsItem, interests: Mapping[str, int]) -> None:
    for shown in quoted(item):
        payouts = {(interests[cell.first], interests[cell.second]): cell.payout for cell in shown.prices}
        _add_one(connection, place, shown, Grid(shown.base, shown.currency, shown.cap, payouts))


def _add_one(connection: Connection, place: Place, shown: PairGrid, grid: Grid) -> None:
    before = as_of(connection, place.race_id, place.source_id, shown.bet_type, place.fetched_at - 1)
    if place.next_id is not None:
        _mend_next(connection, place, shown.bet_type, grid, before)
    if before is None or before.grid != grid:
        _insert(connection, place.board_id, shown.bet_type, to_ms(shown.fetched_at), grid)


def _mend_next(connection: Connection, place: Place, bet_type: str, grid: Grid, before: StoredGrid | None) -> None:
    """Hold the next board that has such a grid against this one. Runs before this one is stored."""
    following = _next_with(connection, place, bet_type)
    if following is None:
        return
    shown = as_of(connection, place.race_id, place.source_id, bet_type, following.fetched_at)
    stored = shown is not None and shown.board_id == following.board_id
    if stored and shown is not None and shown.grid == grid:
        _delete(connection, shown.grid_id)
    elif not stored and before is not None and before.grid != grid:
        came = marked(following.grids, following.fetched_at)[bet_type]
        _insert(connection, following.board_id, bet_type, came, before.grid)


def _next_with(connection: Connection, place: Place, bet_type: str) -> Any:
    return connection.execute(
        select(board.c.board_id, board.c.fetched_at, board.c.grids)
        .where(
            board.c.race_id == place.race_id,
            board.c.source_id == place.source_id,
            board.c.fetched_at > place.fetched_at,
            board.c.grids.contains(bet_type, autoescape=True),
        )
        .order_by(board.c.fetched_at)
        .limit(1)
    ).one_or_none()


def _insert(connection: Connection, board_id: int, bet_type: str, fetched_at: int, grid: Grid) -> None:
    identity.inserted(
        connection,
        pair_grid,
        board_id=board_id,
        bet_type=bet_type,
        base=grid.base,
        currency=grid.currency,
        cap=grid.cap,
        fetched_at=fetched_at,
        **packed(grid.payouts),
    )


def _delete(connection: Connection, grid_id: int) -> None:
    connection.execute(delete(pair_grid).where(pair_grid.c.grid_id == grid_id))


# Built once: that costs more than running it.
_AS_OF = (
    select(pair_grid)
    .join(board, board.c.board_id == pair_grid.c.board_id)
    .where(
        board.c.race_id == bindparam("of_race"),
        board.c.source_id == bindparam("of_source"),
        board.c.fetched_at <= bindparam("at"),
        pair_grid.c.bet_type == bindparam("of_bet_type"),
    )
    .order_by(board.c.fetched_at.desc())
    .limit(1)
)
