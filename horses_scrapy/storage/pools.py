"""Pools of one race and source: pool, which names them, and pool_change, where any amount differs from the board before.

Nearly all amounts move at every poll, so a board's are stored together, by the position of their pool.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select

from horses_scrapy.storage import arrays
from horses_scrapy.storage.chain import Place
from horses_scrapy.storage.schema import board, pool, pool_change

Identity = tuple[str, int | None, str]
"""Bet type, interest (None: the total), currency."""

Amounts = tuple[int | None, ...]
"""By position, None for a pool that the board does not show; ends with an amount, so that a new pool changes no old row."""

ALL = "all"
"""The chain's only key: a board's amounts are one value."""


def identities(connection: Connection, race_id: int, source_id: int) -> list[Identity]:
    """In the order of their positions."""
    rows = connection.execute(_IDENTITIES, {"of_race": race_id, "of_source": source_id}).all()
    return [(bet_type, interest, currency) for bet_type, interest, currency in rows]


def as_of(connection: Connection, race_id: int, source_id: int, at: int) -> Amounts:
    """What the newest board at or before an instant showed; nothing where there is none."""
    text = connection.scalar(_AS_OF, {"of_race": race_id, "of_source": source_id, "at": at})
    return () if text is None else parsed(text)


def parsed(text: str) -> Amounts:
    return tuple(json.loads(text))


def named(known: Iterable[Identity], amounts: Amounts) -> dict[Identity, int]:
    """Those that are shown."""
    return {one: amount for one, amount in zip(known, amounts, strict=False) if amount is not None}


def snapshot(connection: Connection, place: Place, shown: Mapping[Identity, int]) -> dict[str, Amounts]:
    """For the chain; pools that are new get the next positions."""
    known = dict.fromkeys(identities(connection, place.race_id, place.source_id))
    new = [one for one in shown if one not in known]
    if new:
        _name(connection, place, new, len(known))
    amounts = [shown.get(one) for one in (*known, *new)]
    while amounts and amounts[-1] is None:
        amounts.pop()
    return {ALL: tuple(amounts)} if amounts else {}


def _name(connection: Connection, place: Place, new: Iterable[Identity], position: int) -> None:
    rows = [
        {
            "race_id": place.race_id,
            "source_id": place.source_id,
            "position": at,
            "bet_type": bet_type,
            "interest_id": interest_id,
            "currency": currency,
        }
        for at, (bet_type, interest_id, currency) in enumerate(new, position)
    ]
    connection.execute(insert(pool), rows)


@dataclass(frozen=True, slots=True)
class PoolLedger:
    """There is no table of newest amounts: the newest row says them all."""

    connection: Connection
    place: Place
    gone: Amounts = ()

    def newest(self) -> dict[str, Amounts]:
        return self.as_of(_FAR)

    def as_of(self, at: int) -> dict[str, Amounts]:
        amounts = as_of(self.connection, self.place.race_id, self.place.source_id, at)
        return {ALL: amounts} if amounts else {}

    def insert(self, board_id: int, moved: Mapping[str, Amounts]) -> None:
        for amounts in moved.values():
            self.connection.execute(_INSERT, {"board_id": board_id, "amounts": arrays.packed(amounts)})

    def remove(self, board_id: int) -> set[str]:
        gone = self.connection.execute(delete(pool_change).where(pool_change.c.board_id == board_id))
        return {ALL} if gone.rowcount else set()

    def advance(self, _before: Mapping[str, Amounts], _moved: Mapping[str, Amounts], /) -> None:
        return

    def refresh(self, _keys: Iterable[str]) -> None:
        return


_FAR = 2**62
# Statements of every board are built once: that costs more than running them.
_INSERT = insert(pool_change)
_IDENTITIES = (
    select(pool.c.bet_type, pool.c.interest_id, pool.c.currency)
    .where(pool.c.race_id == bindparam("of_race"), pool.c.source_id == bindparam("of_source"))
    .order_by(pool.c.position)
)
_AS_OF = (
    select(pool_change.c.amounts)
    .join(board, board.c.board_id == pool_change.c.board_id)
    .where(
        board.c.race_id == bindparam("of_race"),
        board.c.source_id == bindparam("of_source"),
        board.c.fetched_at <= bindparam("at"),
    )
    .order_by(board.c.fetched_at.desc())
    .limit(1)
)
