"""Boards of one race and source taken away, so that what the others show stays exact. A few at a time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from horses_scrapy.storage.schema import (
    alert,
    betting_interest,
    board,
    capture,
    latest_odds,
    pair_grid,
    pool_change,
    price_change,
    race,
    will_pay,
)
from horses_scrapy.storage.upkeep.folding import Folded, fold
from horses_scrapy.storage.upkeep.keeping import Seen, kept

K = TypeVar("K")
V = TypeVar("V")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """Boards that go now, and all boards until the first one behind them, by time: id -> fetched_at."""

    race_id: int
    source_id: int
    doomed: AbstractSet[int]
    boards: Mapping[int, int]


@dataclass(slots=True)
class Plan:
    """Rows that go and rows that come, by table; `retimed`: newest odds whose row moved to another board."""

    window: Window
    gone: dict[str, list[Row]] = field(default_factory=dict)
    come: dict[str, list[Row]] = field(default_factory=dict)
    moved_grids: list[Row] = field(default_factory=list)
    retimed: list[Row] = field(default_factory=list)

    def removed(self) -> Counter[str]:
        """Rows fewer, by table."""
        fewer = Counter({name: len(rows) for name, rows in self.gone.items()})
        fewer.subtract({name: len(rows) for name, rows in self.come.items()})
        fewer["board"] = len(self.window.doomed)
        return fewer


def plan(connection: Connection, race_id: int, source_id: int, limit: int | None = None) -> Plan | None:
    """For the oldest boards that go, at most `limit`; None where none goes."""
    boards = _boards(connection, race_id, source_id)
    stays = kept(boards, connection.scalar(select(race.c.post_time).where(race.c.race_id == race_id)))
    doomed = [one.board_id for one in boards if one.board_id not in stays][:limit]
    if not doomed:
        return None
    made = Plan(_window(race_id, source_id, boards, set(doomed)))
    _plan_prices(connection, made)
    _plan_pools(connection, made)
    _plan_will_pays(connection, made)
    _plan_grids(connection, made)
    return made


def apply(connection: Connection, made: Plan) -> None:
    for table in (price_change, pool_change, will_pay, pair_grid):
        _delete(connection, table, made.gone[table.name])
    for table in (price_change, pool_change, will_pay):
        if made.come[table.name]:
            connection.execute(insert(table), made.come[table.name])
    if made.moved_grids:
        connection.execute(_MOVE_GRID, made.moved_grids)
    if made.retimed:
        connection.execute(_RETIME, made.retimed)
    connection.execute(delete(board).where(board.c.board_id.in_(made.window.doomed)))


def _boards(connection: Connection, race_id: int, source_id: int) -> list[Seen]:
    wanted = set(connection.scalars(select(alert.c.board_id).where(alert.c.race_id == race_id)))
    wanted |= set(connection.scalars(select(capture.c.board_id).where(capture.c.race_id == race_id)))
    rows = connection.execute(
        select(board.c.board_id, board.c.fetched_at, board.c.status, board.c.flags, board.c.evaluated_at)
        .where(board.c.race_id == race_id, board.c.source_id == source_id)
        .order_by(board.c.fetched_at)
    )
    return [
        Seen(
            board_id=row.board_id,
            fetched_at=row.fetched_at,
            status=row.status,
            flags=row.flags,
            needed=row.evaluated_at is None or row.board_id in wanted,
        )
        for row in rows
    ]


def _window(race_id: int, source_id: int, boards: Sequence[Seen], doomed: AbstractSet[int]) -> Window:
    last = max(place for place, one in enumerate(boards) if one.board_id in doomed)
    until = {one.board_id: one.fetched_at for one in boards[: last + 2]}  # the newest board always stays
    return Window(race_id, source_id, doomed, until)


def _folds(window: Window, rows: Iterable[tuple[K, int, V]]) -> dict[K, Folded[V]]:
    by_key: dict[K, dict[int, V]] = {}
    for key, board_id, value in rows:
        by_key.setdefault(key, {})[board_id] = value
    order = list(window.boards)
    return {key: fold(order, window.doomed, changes) for key, changes in by_key.items()}


def _note(
    made: Plan, table: Table, names: Sequence[str], values: Sequence[str], folds: Mapping[Any, Folded[Any]]
) -> None:
    """names, values: the columns of a key and of what it shows."""
    made.gone[table.name] = [
        dict(zip(names, key, strict=True)) | {"board_id": board_id}
        for key, one in folds.items()
        for board_id in one.removed
    ]
    made.come[table.name] = [
        dict(zip((*names, *values), (*key, *value), strict=True)) | {"board_id": board_id}
        for key, one in folds.items()
        for board_id, value in one.added
    ]


def _plan_prices(connection: Connection, made: Plan) -> None:
    window = made.window
    rows = connection.execute(_prices(connection, window))
    folds = _folds(window, (((row.interest_id, row.market), row.board_id, (row.price, row.status)) for row in rows))
    _note(made, price_change, ("interest_id", "market"), ("price", "status"), folds)
    made.retimed = [
        {
            "of_interest": interest_id,
            "of_market": market,
            "of_source": window.source_id,
            "before": window.boards[one.newest[0]],
            "changed_at": window.boards[one.newest[1]],
        }
        for (interest_id, market), one in folds.items()
        if one.newest[0] != one.newest[1]
    ]


def _prices(connection: Connection, window: Window) -> Any:
    """By primary key: a race of many thousand boards must not be read whole for each step."""
    interests = select(betting_interest.c.interest_id).where(betting_interest.c.race_id == window.race_id)
    markets = connection.scalars(
        select(latest_odds.c.market)
        .where(latest_odds.c.interest_id.in_(interests), latest_odds.c.source_id == window.source_id)
        .distinct()
    )
    return select(price_change).where(
        price_change.c.interest_id.in_(connection.scalars(interests).all()),
        price_change.c.market.in_(markets.all()),
        price_change.c.board_id.in_(window.boards),
    )


def _plan_pools(connection: Connection, made: Plan) -> None:
    rows = connection.execute(select(pool_change).where(pool_change.c.board_id.in_(made.window.boards)))
    folds = _folds(made.window, (((), row.board_id, (row.amounts,)) for row in rows))
    _note(made, pool_change, (), ("amounts",), folds)


def _plan_will_pays(connection: Connection, made: Plan) -> None:
    rows = connection.execute(select(will_pay).where(will_pay.c.board_id.in_(made.window.boards)))
    shown = (((row.bet_type, row.combination), row.board_id, (row.base, row.payout, row.currency)) for row in rows)
    _note(made, will_pay, ("bet_type", "combination"), ("base", "payout", "currency"), _folds(made.window, shown))


def _plan_grids(connection: Connection, made: Plan) -> None:
    """A grid moves as it is: it keeps when it came."""
    asked = select(pair_grid.c.grid_id, pair_grid.c.board_id, pair_grid.c.bet_type)
    rows = connection.execute(asked.where(pair_grid.c.board_id.in_(made.window.boards))).all()
    folds = _folds(made.window, ((row.bet_type, row.board_id, row.grid_id) for row in rows))
    moved = {grid_id: board_id for one in folds.values() for board_id, grid_id in one.added}
    made.moved_grids = [{"of_grid": grid_id, "board_id": board_id} for grid_id, board_id in moved.items()]
    made.gone["pair_grid"] = [
        {"board_id": row.board_id, "bet_type": row.bet_type}
        for row in rows
        if row.board_id in made.window.doomed and row.grid_id not in moved
    ]


def _delete(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """rows: each names the row's whole key."""
    if rows:
        own = (table.c[name] == bindparam(f"of_{name}") for name in rows[0])
        named = [{f"of_{name}": value for name, value in row.items()} for row in rows]
        connection.execute(delete(table).where(*own), named)


_MOVE_GRID = update(pair_grid).where(pair_grid.c.grid_id == bindparam("of_grid")).values(board_id=bindparam("board_id"))
_RETIME = (
    update(latest_odds)
    .where(
        latest_odds.c.interest_id == bindparam("of_interest"),
        latest_odds.c.market == bindparam("of_market"),
        latest_odds.c.source_id == bindparam("of_source"),
        latest_odds.c.changed_at == bindparam("before"),
    )
    .values(changed_at=bindparam("changed_at"))
)
