"""Boards of the races of a window, what their pools' totals were, and the prices that stand out. By (race, source)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select

from horses_scrapy.storage.pools import parsed
from horses_scrapy.storage.quality.cards import WIN_MARKETS
from horses_scrapy.storage.quality.facts import OddPrice, Seen, Totals
from horses_scrapy.storage.schema import (
    betting_interest,
    board,
    latest_odds,
    pool,
    pool_change,
    price_change,
    race_source,
    source,
)

Key = tuple[int, int]
"""Race and source."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Thousandths: what no price may be below, and above unless it is capped."""

    least: int
    most: int


def sources(connection: Connection, ids: Select[tuple[int]]) -> list[Row[*tuple[Any, ...]]]:
    """Each race's, its primary one first."""
    query = (
        select(race_source.c.race_id, race_source.c.url, race_source.c.is_primary, source)
        .join(source, source.c.source_id == race_source.c.source_id)
        .where(race_source.c.race_id.in_(ids))
    )
    return list(connection.execute(query.order_by(race_source.c.is_primary.desc(), race_source.c.source_id)))


def boards(connection: Connection, ids: Select[tuple[int]]) -> dict[Key, list[Seen]]:
    asked = (board.c.race_id, board.c.source_id, board.c.board_id, board.c.fetched_at, board.c.status, board.c.flags)
    found: dict[Key, list[Seen]] = defaultdict(list)
    query = select(*asked, board.c.grids).where(board.c.race_id.in_(ids)).order_by(board.c.fetched_at)
    for race_id, source_id, board_id, at, status, flags, marks in connection.execute(query):
        seen = Seen(board_id, at, status, flag_set(flags), bool(marks), "exacta" in marks)
        found[race_id, source_id].append(seen)
    return found


@lru_cache(maxsize=256)
def flag_set(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) - {""}


def totals(connection: Connection, ids: Select[tuple[int]]) -> dict[Key, list[Totals]]:
    """Of the boards where any amount differs from the board before, by time."""
    places = _places(connection, ids)
    found: dict[Key, list[Totals]] = defaultdict(list)
    query = (
        select(board.c.race_id, board.c.source_id, board.c.fetched_at, board.c.flags, pool_change.c.amounts)
        .join(pool_change, pool_change.c.board_id == board.c.board_id)
        .where(board.c.race_id.in_(ids))
        .order_by(board.c.fetched_at)
    )
    for race_id, source_id, at, flags, text in connection.execute(query):
        amounts = parsed(text)
        of = places.get((race_id, source_id), {})
        shown = {kind: amounts[place] for place, (kind, _) in of.items() if place < len(amounts)}
        known = {kind: amount for kind, amount in shown.items() if amount is not None}
        found[race_id, source_id].append(Totals(at, flag_set(flags), known))
    return found


def currencies(connection: Connection, ids: Select[tuple[int]]) -> dict[Key, dict[str, str]]:
    """By bet type."""
    return {key: dict(of.values()) for key, of in _places(connection, ids).items()}


def _places(connection: Connection, ids: Select[tuple[int]]) -> Mapping[Key, Mapping[int, tuple[str, str]]]:
    """Where a row of amounts has the totals: position -> bet type and currency."""
    query = select(pool).where(pool.c.race_id.in_(ids), pool.c.interest_id.is_(None)).order_by(pool.c.position)
    found: dict[Key, dict[int, tuple[str, str]]] = defaultdict(dict)
    for row in connection.execute(query):
        found[row.race_id, row.source_id][row.position] = (row.bet_type, row.currency)
    return found


def odd_prices(
    connection: Connection, ids: Select[tuple[int]], bounds: Mapping[str, Bounds]
) -> dict[Key, list[OddPrice]]:
    """Outside the bounds of their source (by its name); sources without bounds are not looked at."""
    outside = [
        and_(
            source.c.name == name,
            or_(
                price_change.c.price < limit.least,
                and_(price_change.c.price > limit.most, price_change.c.status != "capped"),
            ),
        )
        for name, limit in bounds.items()
    ]
    loosest = or_(
        price_change.c.price < max((limit.least for limit in bounds.values()), default=0),
        price_change.c.price > min((limit.most for limit in bounds.values()), default=0),
    )
    found: dict[Key, list[OddPrice]] = defaultdict(list)
    for row in connection.execute(
        _prices(ids).join(source, source.c.source_id == board.c.source_id).where(loosest, or_(False, *outside))
    ):
        one = OddPrice(row.label, row.market, row.price, row.status, row.fetched_at, flag_set(row.flags))
        found[row.race_id, row.source_id].append(one)
    return found


def gone(connection: Connection, ids: Select[tuple[int]]) -> dict[Key, list[int]]:
    """When a win price went."""
    query = _prices(ids).where(price_change.c.market == "win_tote", price_change.c.status.in_(("scratched", "missing")))
    found: dict[Key, list[int]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.race_id, row.source_id].append(row.fetched_at)
    return found


def _prices(ids: Select[tuple[int]]) -> Select[*tuple[Any, ...]]:
    """Along the races' interests, as price_change is ordered."""
    return (
        select(
            board.c.race_id, board.c.source_id, board.c.fetched_at, board.c.flags, betting_interest.c.label,
            price_change.c.market, price_change.c.price, price_change.c.status,
        )
        .select_from(betting_interest)
        .join(price_change, price_change.c.interest_id == betting_interest.c.interest_id)
        .join(board, board.c.board_id == price_change.c.board_id)
        .where(betting_interest.c.race_id.in_(ids))
    )  # fmt: skip


def quoted(connection: Connection, ids: Select[tuple[int]]) -> dict[Key, set[int]]:
    """Interests whose newest win price is one."""
    query = (
        select(betting_interest.c.race_id, latest_odds.c.source_id, latest_odds.c.interest_id)
        .join(latest_odds, latest_odds.c.interest_id == betting_interest.c.interest_id)
        .where(
            betting_interest.c.race_id.in_(ids),
            latest_odds.c.market.in_(WIN_MARKETS),
            latest_odds.c.price.is_not(None),
        )
    )
    found: dict[Key, set[int]] = defaultdict(set)
    for race_id, source_id, interest_id in connection.execute(query):
        found[race_id, source_id].add(interest_id)
    return found
