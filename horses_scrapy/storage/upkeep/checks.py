"""What can be wrong with a stored database, and is looked for: each check gives its faults in words, with the place."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Select, and_, case, cast, func, or_, select

from horses_scrapy.clock import from_ms
from horses_scrapy.storage.schema import (
    betting_interest,
    board,
    latest_odds,
    pair_grid,
    pool,
    pool_change,
    price_change,
    race,
    track,
)
from horses_scrapy.storage.upkeep.clearing import pruned_before

SHOWN = 20
"""So many faults of a check are named; a damaged database has millions."""
RESTORE = "scripts/db.py restore <the newest good backup>"
REFRESH = "the row is derived: stop what writes, delete it from latest_odds, and report this: no crash should leave it"


@dataclass(frozen=True, slots=True)
class Check:
    """find: faults in words, at most SHOWN and a word on the rest; todo: what to do about them."""

    find: Callable[[Connection], list[str]]
    todo: str


def pages(connection: Connection) -> list[str]:
    """SQLite: every page, row, index entry and CHECK."""
    rows = connection.exec_driver_sql(f"PRAGMA integrity_check({SHOWN})").scalars().all()
    return [] if rows == ["ok"] else [str(row) for row in rows]


def pages_quickly(connection: Connection) -> list[str]:
    """Without the comparison of each index with its table: half the time."""
    rows = connection.exec_driver_sql(f"PRAGMA quick_check({SHOWN})").scalars().all()
    return [] if rows == ["ok"] else [str(row) for row in rows]


def parents(connection: Connection) -> list[str]:
    """SQLite: rows that refer to one that is not there. A server never lets that be."""
    broken: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], Any] = {}
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        kind = (row[0], row[2])
        broken[kind] += 1
        first.setdefault(kind, row[1])
    return [
        f"{table}: {count} rows refer to a missing row of {parent}" + _rowid(first[table, parent])
        for (table, parent), count in sorted(broken.items())
    ]


def _rowid(rowid: int | None) -> str:
    return "" if rowid is None else f", the first has rowid {rowid}"


def newest_prices(connection: Connection) -> list[str]:
    """latest_odds against the last row of each price's history: one pass over price_change, no sorting."""
    return [*_history_says_else(connection), *_history_says_nothing(connection)]


_KEY = (latest_odds.c.interest_id, latest_odds.c.source_id, latest_odds.c.market)


def _history_says_else(connection: Connection) -> list[str]:
    own = and_(
        latest_odds.c.interest_id == price_change.c.interest_id,
        latest_odds.c.source_id == board.c.source_id,
        latest_odds.c.market == price_change.c.market,
    )
    differs = or_(
        latest_odds.c.price.is_distinct_from(price_change.c.price), latest_odds.c.status != price_change.c.status
    )
    asked = (
        select(price_change.c.interest_id, board.c.source_id, price_change.c.market, board.c.fetched_at)
        .join(board, board.c.board_id == price_change.c.board_id)
        .outerjoin(latest_odds, own)
        .where(
            or_(
                latest_odds.c.interest_id.is_(None),
                board.c.fetched_at > latest_odds.c.changed_at,
                and_(board.c.fetched_at == latest_odds.c.changed_at, differs),
            )
        )
    )
    return _told(connection, asked, lambda row: f"{row.market} of {_utc(row.fetched_at)} is not what latest_odds has")


def _history_says_nothing(connection: Connection) -> list[str]:
    stands = and_(
        board.c.race_id == betting_interest.c.race_id,
        board.c.source_id == latest_odds.c.source_id,
        board.c.fetched_at == latest_odds.c.changed_at,
    )
    changed = and_(
        price_change.c.interest_id == latest_odds.c.interest_id,
        price_change.c.market == latest_odds.c.market,
        price_change.c.board_id == board.c.board_id,
    )
    asked = (
        select(*_KEY, latest_odds.c.changed_at)
        .join(betting_interest, betting_interest.c.interest_id == latest_odds.c.interest_id)
        .outerjoin(board, stands)
        .outerjoin(price_change, changed)
        .where(price_change.c.board_id.is_(None))
    )
    return _told(connection, asked, lambda row: f"{row.market}: no price of {_utc(row.changed_at)} is in the history")


def newest_seen(connection: Connection) -> list[str]:
    """seen_at: of the newest board, or, where the price is gone, of the last one that showed it.

    In a thinned race that last one may be gone too: then it is only older than the change.
    """
    thinned = race.c.race_date < (pruned_before(connection) or "")
    newest, until = _newest_board(board.alias()), _newest_board(board.alias(), latest_odds.c.changed_at)
    wrong = case(
        (latest_odds.c.status != "missing", latest_odds.c.seen_at.is_distinct_from(newest)),
        (thinned, latest_odds.c.seen_at >= latest_odds.c.changed_at),
        else_=latest_odds.c.seen_at.is_distinct_from(until),
    )
    asked = (
        select(*_KEY, latest_odds.c.seen_at)
        .join(betting_interest, betting_interest.c.interest_id == latest_odds.c.interest_id)
        .join(race, race.c.race_id == betting_interest.c.race_id)
        .where(wrong)
    )
    return _told(
        connection, asked, lambda row: f"{row.market}: seen_at {_utc(row.seen_at)} is not that of its last board"
    )


def _newest_board(other: Any, before: ColumnElement[int] | None = None) -> ColumnElement[int]:
    asked = select(func.max(other.c.fetched_at)).where(
        other.c.race_id == betting_interest.c.race_id, other.c.source_id == latest_odds.c.source_id
    )
    return (asked if before is None else asked.where(other.c.fetched_at < before)).scalar_subquery()


def pool_amounts(connection: Connection) -> list[str]:
    """An array of amounts, no longer than the race has pools."""
    known = select(func.count()).where(pool.c.race_id == board.c.race_id, pool.c.source_id == board.c.source_id)
    asked = (
        select(pool_change.c.board_id, board.c.race_id)
        .join(board, board.c.board_id == pool_change.c.board_id)
        .where(~_cells(connection, pool_change.c.amounts).between(0, known.scalar_subquery()))
    )
    return _told_of_boards(connection, asked, "pool_change.amounts is no array of its race's pools")


def pair_prices(connection: Connection) -> list[str]:
    """So many pay-outs as there are pairs of interests, each with itself too."""
    interests = _cells(connection, pair_grid.c.interests)
    asked = (
        select(pair_grid.c.board_id, board.c.race_id)
        .join(board, board.c.board_id == pair_grid.c.board_id)
        .where(or_(interests < 1, _cells(connection, pair_grid.c.payouts) != interests * interests))
    )
    return _told_of_boards(connection, asked, "pair_grid.payouts is no square of pair_grid.interests")


def _cells(connection: Connection, column: ColumnElement[str]) -> ColumnElement[int]:
    """Of a JSON array; -1 where it is something else. A server's cast of what is no JSON would end the query."""
    if connection.dialect.name == "sqlite":
        is_array = and_(column.like("[%"), func.json_valid(column) == 1)
        return case((is_array, func.json_array_length(column)), else_=-1)
    return case((column.regexp_match(_ARRAY), func.json_array_length(cast(column, JSON))), else_=-1)


_ARRAY = r"^\[((-?[0-9]+|null)(,(-?[0-9]+|null))*)?\]$"


# --- Words --------------------------------------------------------------------------------------------------------------


def _utc(at: int) -> str:
    return f"{from_ms(at):%Y-%m-%dT%H:%M:%S.%fZ}"


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= SHOWN else [*lines[:SHOWN], "and more"]


def _told(connection: Connection, asked: Select[Any], words: Callable[[Any], str]) -> list[str]:
    """asked: selects interest_id."""
    rows = connection.execute(asked.limit(SHOWN + 1)).all()
    places = _places(connection, {row.interest_id for row in rows})
    return _cut([f"{places.get(row.interest_id, f'interest {row.interest_id}')}: {words(row)}" for row in rows])


def _places(connection: Connection, interests: Iterable[int]) -> Mapping[int, str]:
    named = _race_names().add_columns(betting_interest.c.interest_id, betting_interest.c.label)
    rows = connection.execute(
        named.join(betting_interest, betting_interest.c.race_id == race.c.race_id).where(
            betting_interest.c.interest_id.in_(interests)
        )
    )
    return {row.interest_id: f"{row.key} {row.race_date} R{row.race_number} #{row.label}" for row in rows}


def _told_of_boards(connection: Connection, asked: Select[Any], words: str) -> list[str]:
    rows = connection.execute(asked.limit(SHOWN + 1)).all()
    named = connection.execute(_race_names().where(race.c.race_id.in_({row.race_id for row in rows})))
    places = {row.race_id: f"{row.key} {row.race_date} R{row.race_number}" for row in named}
    return _cut([f"{places.get(row.race_id, f'race {row.race_id}')} board {row.board_id}: {words}" for row in rows])


def _race_names() -> Select[Any]:
    return select(race.c.race_id, race.c.race_date, race.c.race_number, track.c.key).join(
        track, track.c.track_id == race.c.track_id
    )


SQLITE = MappingProxyType({"pages": Check(pages, RESTORE), "parents": Check(parents, RESTORE)})
SQLITE_QUICK = MappingProxyType({"pages": Check(pages_quickly, RESTORE)})
EVERY = MappingProxyType(
    {
        "newest prices": Check(newest_prices, REFRESH),
        "newest boards": Check(newest_seen, REFRESH),
        "pool amounts": Check(pool_amounts, RESTORE),
        "pair prices": Check(pair_prices, RESTORE),
    }
)
