"""Pools of one race and source: pool, with each pool's newest amount, and pool_change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from horses_scrapy.storage import identity
from horses_scrapy.storage.chain import Place, newest_at
from horses_scrapy.storage.schema import board, pool, pool_change

Identity = tuple[str, int | None, str]
"""Bet type, interest (None: the total), currency."""


def newest(connection: Connection, race_id: int, source_id: int) -> dict[int, int | None]:
    """Amount by pool."""
    own = (pool.c.race_id == race_id, pool.c.source_id == source_id)
    return {row.pool_id: row.amount for row in connection.execute(select(pool.c.pool_id, pool.c.amount).where(*own))}


def as_of(connection: Connection, race_id: int, source_id: int, at: int) -> dict[int, int | None]:
    return {row.pool_id: row.amount for row in _newest_changes(connection, race_id, source_id, at)}


def _newest_changes(connection: Connection, race_id: int, source_id: int, at: int | None = None) -> list[Any]:
    rank = func.row_number().over(partition_by=pool_change.c.pool_id, order_by=board.c.fetched_at.desc()).label("rank")
    ranked = (
        select(pool_change, board.c.fetched_at, rank)
        .join(board, board.c.board_id == pool_change.c.board_id)
        .where(board.c.race_id == race_id, board.c.source_id == source_id)
    )
    if at is not None:
        ranked = ranked.where(board.c.fetched_at <= at)
    inner = ranked.subquery()
    return list(connection.execute(select(inner).where(inner.c.rank == 1)))


def pool_ids(connection: Connection, place: Place, wanted: Iterable[Identity]) -> dict[Identity, int]:
    """Rows of the pools, made where they are new."""
    own = (pool.c.race_id == place.race_id, pool.c.source_id == place.source_id)
    rows = connection.execute(select(pool).where(*own))
    known: dict[Identity, int] = {(row.bet_type, row.interest_id, row.currency): row.pool_id for row in rows}
    for bet_type, interest_id, currency in wanted:
        if (bet_type, interest_id, currency) not in known:
            known[bet_type, interest_id, currency] = identity.inserted(
                connection,
                pool,
                race_id=place.race_id,
                source_id=place.source_id,
                bet_type=bet_type,
                interest_id=interest_id,
                currency=currency,
                amount=None,
                seen_at=place.fetched_at,
            )
    return known


@dataclass(frozen=True, slots=True)
class PoolLedger:
    connection: Connection
    place: Place
    gone: int | None = None

    def newest(self) -> dict[int, int | None]:
        return newest(self.connection, self.place.race_id, self.place.source_id)

    def as_of(self, at: int) -> dict[int, int | None]:
        return as_of(self.connection, self.place.race_id, self.place.source_id, at)

    def insert(self, board_id: int, moved: Mapping[int, int | None]) -> None:
        rows = [{"pool_id": key, "board_id": board_id, "amount": amount} for key, amount in moved.items()]
        if rows:
            self.connection.execute(insert(pool_change), rows)

    def remove(self, board_id: int) -> set[int]:
        own = pool_change.c.board_id == board_id
        keys = set(self.connection.scalars(select(pool_change.c.pool_id).where(own)))
        self.connection.execute(delete(pool_change).where(own))
        return keys

    def advance(self, _before: Mapping[int, int | None], moved: Mapping[int, int | None], /) -> None:
        """A pool that is gone keeps its seen_at: the last board that showed it. Each has its row already."""
        if moved:
            self.connection.execute(_AMOUNT, [{"of_pool": key, "amount": amount} for key, amount in moved.items()])
        own = (pool.c.race_id == self.place.race_id, pool.c.source_id == self.place.source_id)
        shown = update(pool).where(*own, pool.c.amount.is_not(None))
        self.connection.execute(shown.values(seen_at=self.place.fetched_at))

    def refresh(self, keys: Iterable[int]) -> None:
        wanted = set(keys)
        race_id, source_id = self.place.race_id, self.place.source_id
        newest = newest_at(self.connection, race_id, source_id)
        rows = [
            {
                "of_pool": row.pool_id,
                "amount": row.amount,
                "seen_at": newest if row.amount is not None else self._last_shown(row.fetched_at),
            }
            for row in _newest_changes(self.connection, race_id, source_id)
            if row.pool_id in wanted
        ]
        if rows:
            self.connection.execute(_AMOUNT_SEEN, rows)

    def _last_shown(self, gone_at: int) -> int | None:
        return newest_at(self.connection, self.place.race_id, self.place.source_id, before=gone_at)


_AMOUNT = update(pool).where(pool.c.pool_id == bindparam("of_pool")).values(amount=bindparam("amount"))
_AMOUNT_SEEN = _AMOUNT.values(seen_at=bindparam("seen_at"))
