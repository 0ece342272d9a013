"""SQL for what a pool held at each board of one race and source, and the win prices beside it. Units as in schema.py."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from horses_scrapy.items import PoolType
from horses_scrapy.storage import pools
from horses_scrapy.storage.schema import betting_interest, board, pool_change, price_change

AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolShown:
    """A pool as it stood at a board. `prices`: win prices by label, empty where they were not asked for."""

    fetched_at: int
    flags: frozenset[str]
    currency: str | None
    total: int | None
    amounts: Mapping[str, int]
    prices: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PoolPath:
    """All boards, oldest first."""

    boards: tuple[PoolShown, ...]

    @property
    def has_amounts(self) -> bool:
        return any(board.amounts for board in self.boards)


def pool_path(
    connection: Connection, race_id: int, source_id: int, bet_type: PoolType, *, priced: bool = False
) -> PoolPath:
    """priced: with the tote's win prices of each board."""
    asked = {"of_race": race_id, "of_source": source_id}
    labels = dict(connection.execute(_LABELS, asked).all())
    known = _places(pools.identities(connection, race_id, source_id), bet_type, labels)
    prices = _by_board(connection.execute(_PRICES, asked).all()) if priced else {}
    return PoolPath(tuple(_as_they_stood(connection.execute(_BOARDS, asked).all(), known, prices)))


_Place = tuple[int, str | None, str]
"""Position, label (None: the total), currency."""


def _places(known: Iterable[pools.Identity], bet_type: str, labels: Mapping[int, str]) -> list[_Place]:
    return [
        (position, None if interest is None else labels[interest], currency)
        for position, (kind, interest, currency) in enumerate(known)
        if kind == bet_type
    ]


def _by_board(rows: Iterable[AnyRow]) -> dict[int, dict[str, int | None]]:
    found: dict[int, dict[str, int | None]] = {}
    for board_id, label, price in rows:
        found.setdefault(board_id, {})[label] = price
    return found


def _as_they_stood(
    rows: Iterable[AnyRow], known: Iterable[_Place], changed: Mapping[int, Mapping[str, int | None]]
) -> Iterable[PoolShown]:
    """A board without a row shows what the one before it did."""
    places = list(known)
    shown: tuple[str | None, dict[str | None, int]] = (None, {})
    prices: dict[str, int] = {}
    for board_id, fetched_at, flags, text in rows:
        if text is not None:
            shown = _shown(pools.parsed(text), places)
        if board_id in changed:
            merged = {**prices, **changed[board_id]}
            prices = {label: price for label, price in merged.items() if price is not None}
        currency, amounts = shown
        yield PoolShown(
            fetched_at=fetched_at,
            flags=frozenset(flags.split(",")) - {""},
            currency=currency,
            total=amounts.get(None),
            amounts={label: amount for label, amount in amounts.items() if label is not None},
            prices=prices,
        )


def _shown(amounts: pools.Amounts, places: Iterable[_Place]) -> tuple[str | None, dict[str | None, int]]:
    """In the currency that came last, should a source have changed it."""
    found: dict[str, dict[str | None, int]] = {}
    for position, label, currency in places:
        amount = amounts[position] if position < len(amounts) else None
        if amount is not None:
            found.setdefault(currency, {})[label] = amount
    return next(reversed(found.items())) if found else (None, {})


# Built once: that costs more than running them.
_OWN = (board.c.race_id == bindparam("of_race"), board.c.source_id == bindparam("of_source"))
_LABELS = select(betting_interest.c.interest_id, betting_interest.c.label).where(
    betting_interest.c.race_id == bindparam("of_race")
)
_BOARDS = (
    select(board.c.board_id, board.c.fetched_at, board.c.flags, pool_change.c.amounts)
    .join(pool_change, pool_change.c.board_id == board.c.board_id, isouter=True)
    .where(*_OWN)
    .order_by(board.c.fetched_at)
)
_PRICES = (
    select(price_change.c.board_id, betting_interest.c.label, price_change.c.price)
    .join_from(betting_interest, price_change, price_change.c.interest_id == betting_interest.c.interest_id)
    # Not joined: SQLite would begin at the boards, and look through all prices of the race for each.
    .where(
        betting_interest.c.race_id == bindparam("of_race"),
        price_change.c.market == "win_tote",
        price_change.c.board_id.in_(select(board.c.board_id).where(*_OWN)),
    )
)
