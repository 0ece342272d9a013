"""SQL for what was before: earlier boards as they stood, and the card as it changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from horses_scrapy.items import Market, RaceStatus
from horses_scrapy.storage import pools
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.schema import betting_interest, board, change, pool_change, price_change

AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChange:
    """A field of a race (entry_id None) or of one of its entries changed, as seen at an instant. Values as stored, as text.

    evaluated_at: when the rules saw it; None while it is pending.
    """

    change_id: int
    entry_id: int | None
    field: str
    old: str | None
    new: str | None
    at: int
    evaluated_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierBoard:
    """A board before another of the same race and source: pool totals and prices as they stood then."""

    board_id: int
    fetched_at: int
    source_time: int | None
    status: RaceStatus
    minutes_to_post: int | None
    flags: frozenset[str]
    pools: Mapping[str, int | None]
    prices: Mapping[tuple[Market, str], Shown]


def card_changes(connection: Connection, race_id: int) -> list[CardChange]:
    """Every change of the race's card, oldest first."""
    return [CardChange(**row) for row in connection.execute(_CHANGES, {"of_race": race_id}).mappings()]


def earlier_boards(connection: Connection, board_id: int) -> list[EarlierBoard]:
    """All boards of the same race and source before this one, oldest first, each as it stood."""
    race_id, source_id, before = connection.execute(_PLACE, {"of_board": board_id}).one()
    asked = {"of_race": race_id, "of_source": source_id, "before": before}
    prices: dict[int, dict[tuple[Market, str], Shown]] = {}
    for of_board, market, label, price, status in connection.execute(_PRICES, asked).all():
        prices.setdefault(of_board, {})[market, label] = Shown(price, status)
    known = pools.identities(connection, race_id, source_id)
    amounts = connection.execute(_AMOUNTS, asked).all()
    totals = {of_board: _totals(known, pools.parsed(text)) for of_board, text in amounts}
    return _as_they_stood(connection.execute(_HEADS, asked).all(), prices, totals)


def _totals(known: Iterable[pools.Identity], amounts: pools.Amounts) -> dict[str, int]:
    return {
        bet_type: amount
        for (bet_type, interest, _), amount in zip(known, amounts, strict=False)
        if interest is None and amount is not None
    }


def _as_they_stood(
    heads: Iterable[AnyRow],
    prices: Mapping[int, dict[tuple[Market, str], Shown]],
    totals: Mapping[int, dict[str, int]],
) -> list[EarlierBoard]:
    shown: dict[tuple[Market, str], Shown] = {}
    standing: dict[str, int | None] = {}
    boards = []
    for head in heads:
        if head.board_id in prices:
            shown = shown | prices[head.board_id]
        if head.board_id in totals:
            standing = dict.fromkeys(standing) | totals[head.board_id]
        boards.append(
            EarlierBoard(
                board_id=head.board_id,
                fetched_at=head.fetched_at,
                source_time=head.source_time,
                status=head.status,
                minutes_to_post=head.minutes_to_post,
                flags=frozenset(filter(None, head.flags.split(","))),
                pools=standing,
                prices=shown,
            )
        )
    return boards


# Built once: that costs more than running them. All rows are had at once: one by one costs as much again.
_CHANGES = (
    select(
        change.c.change_id, change.c.entry_id, change.c.field, change.c.old, change.c.new, change.c.at,
        change.c.evaluated_at,
    )
    .where(change.c.race_id == bindparam("of_race"))
    .order_by(change.c.at, change.c.change_id)
)  # fmt: skip
_PLACE = select(board.c.race_id, board.c.source_id, board.c.fetched_at).where(board.c.board_id == bindparam("of_board"))
_BEFORE = (
    board.c.race_id == bindparam("of_race"),
    board.c.source_id == bindparam("of_source"),
    board.c.fetched_at < bindparam("before"),
)
_HEADS = (
    select(
        board.c.board_id,
        board.c.fetched_at,
        board.c.source_time,
        board.c.status,
        board.c.minutes_to_post,
        board.c.flags,
    )
    .where(*_BEFORE)
    .order_by(board.c.fetched_at)
)
_PRICES = (
    select(
        price_change.c.board_id, price_change.c.market, betting_interest.c.label,
        price_change.c.price, price_change.c.status,
    )
    .join_from(betting_interest, price_change, price_change.c.interest_id == betting_interest.c.interest_id)
    # Not joined: SQLite would begin at the boards, and look through all prices of the race for each.
    .where(
        betting_interest.c.race_id == bindparam("of_race"),
        price_change.c.board_id.in_(select(board.c.board_id).where(*_BEFORE)),
    )
)  # fmt: skip
_AMOUNTS = (
    select(pool_change.c.board_id, pool_change.c.amounts)
    .join_from(board, pool_change, pool_change.c.board_id == board.c.board_id)
    .where(*_BEFORE)
)
