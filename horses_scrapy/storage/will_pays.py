"""Will-pays of one race and source: a row where a pay-out differs from that of the board before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select

from horses_scrapy.items import OddsItem
from horses_scrapy.storage.chain import Place
from horses_scrapy.storage.schema import board, will_pay

Key = tuple[str, str]
"""Bet type and combination."""


@dataclass(frozen=True, slots=True)
class Paid:
    """`payout` for `base`, in minor units; all None where the board no longer showed it."""

    base: int | None
    payout: int | None
    currency: str | None


GONE = Paid(None, None, None)


def shown(item: OddsItem) -> dict[Key, Paid]:
    return {(one.bet_type, one.combination): Paid(one.base, one.payout, one.currency) for one in item.will_pays}


def as_of(connection: Connection, race_id: int, source_id: int, at: int) -> dict[Key, Paid]:
    """What stood on the board at an instant."""
    rows = connection.execute(_AS_OF, {"of_race": race_id, "of_source": source_id, "at": at})
    return {(row.bet_type, row.combination): Paid(row.base, row.payout, row.currency) for row in rows}


@dataclass(frozen=True, slots=True)
class WillPayLedger:
    """There is no table of newest values: will-pays are few."""

    connection: Connection
    place: Place
    gone: Paid = GONE

    def newest(self) -> dict[Key, Paid]:
        return self.as_of(_FAR)

    def as_of(self, at: int) -> dict[Key, Paid]:
        return as_of(self.connection, self.place.race_id, self.place.source_id, at)

    def insert(self, board_id: int, moved: Mapping[Key, Paid]) -> None:
        rows = [
            {
                "board_id": board_id,
                "bet_type": bet_type,
                "combination": combination,
                "base": paid.base,
                "payout": paid.payout,
                "currency": paid.currency,
            }
            for (bet_type, combination), paid in moved.items()
        ]
        if rows:
            self.connection.execute(insert(will_pay), rows)

    def remove(self, board_id: int) -> set[Key]:
        own = will_pay.c.board_id == board_id
        rows = self.connection.execute(select(will_pay.c.bet_type, will_pay.c.combination).where(own)).all()
        self.connection.execute(delete(will_pay).where(own))
        return {(row.bet_type, row.combination) for row in rows}

    def advance(self, _before: Mapping[Key, Paid], _moved: Mapping[Key, Paid], /) -> None:
        return

    def refresh(self, _keys: Iterable[Key]) -> None:
        return


def _newest_by_key() -> Select[Any]:
    by_key = (will_pay.c.bet_type, will_pay.c.combination)
    rank = func.row_number().over(partition_by=by_key, order_by=board.c.fetched_at.desc()).label("rank")
    ranked = (
        select(will_pay, rank)
        .join(board, board.c.board_id == will_pay.c.board_id)
        .where(
            board.c.race_id == bindparam("of_race"),
            board.c.source_id == bindparam("of_source"),
            board.c.fetched_at <= bindparam("at"),
        )
        .subquery()
    )
    return select(ranked).where(ranked.c.rank == 1)


_FAR = 2**62
# Built once: that costs more than running it.
_AS_OF = _newest_by_key()
