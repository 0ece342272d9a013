"""What a list shows of many races at once, each in one statement: newest boards, lowest prices, moves, counts.

All of a race's primary source. Only interests of which a horse runs count: the card tells of a scratch before the board.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, Subquery, and_, bindparam, func, select

from horses_scrapy.items import OUT, Market, Notation, RaceStatus
from horses_scrapy.program_number import program_order
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.schema import (
    alert,
    betting_interest,
    board,
    entry,
    horse,
    latest_odds,
    price_change,
    race,
    race_source,
)
from horses_scrapy.storage.schema import source as source_table


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestBoard:
    """fetched_at and source_time in epoch milliseconds."""

    race_id: int
    board_id: int
    source: str
    notation: Notation
    fetched_at: int
    source_time: int | None
    status: RaceStatus
    minutes_to_post: int | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """What a race has beside prices. board: None where none is stored. runners: horses that are not scratched. alerts: so far."""

    board: NewestBoard | None
    runners: int
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A price of an interest, and its horses that run, in program order."""

    race_id: int
    label: str
    market: Market
    price: int
    shown: Shown
    programs: tuple[str, ...]
    horses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Quoted):
    """before: its price when the window began."""

    before: int


def around(connection: Connection, race_ids: Collection[int]) -> dict[int, Around]:
    """By race."""
    return {row[0]: Around(_newest(row), row[1], row[2]) for row in connection.execute(_AROUND, {"races": race_ids})}


def _newest(row: Any) -> NewestBoard | None:
    if row.board_id is None:
        return None
    return NewestBoard(
        race_id=row.race_id,
        board_id=row.board_id,
        source=row.name,
        notation=row.notation,
        fetched_at=row.fetched_at,
        source_time=row.source_time,
        status=row.status,
        minutes_to_post=row.minutes_to_post,
        flags=tuple(flag for flag in row.flags.split(",") if flag),
    )


def lowest(connection: Connection, race_ids: Collection[int], markets: Collection[Market]) -> list[Quoted]:
    """The lowest newest price of each race and market, equal ones in program order."""
    rows = connection.execute(_LOWEST, {"races": race_ids, "markets": markets}).all()
    return [Quoted(**_quoted(own)) for own in _by_interest(rows)]


def moved(
    connection: Connection, board_ids: Collection[int], markets: Collection[Market], window_ms: int
) -> list[Moved]:
    """What moved most, by 1/price, in the `window_ms` up to these newest boards, of each race and market.

    Equal ones in program order. Moves to and from a board's cap do not count: it is no price but a floor. Nor does what no
    board of before the window showed. Of a market in which an interest went out within the window there is none.
    """
    asked = {"boards": board_ids, "markets": markets, "window": window_ms}
    rows = connection.execute(_MOVED, asked).all()
    return [Moved(**_quoted(own), before=own[0].price_before) for own in _by_interest(rows)]


def _by_interest(rows: Iterable[Any]) -> list[list[Any]]:
    ordered = sorted(rows, key=lambda row: (row.race_id, row.market, *program_order(row.label)))
    return [list(own) for _, own in groupby(ordered, key=lambda row: (row.interest_id, row.market))]


def _quoted(rows: list[Any]) -> dict[str, Any]:
    first = rows[0]
    horses = sorted(((row.program_number, row.horse) for row in rows), key=lambda one: program_order(one[0]))
    return {
        "race_id": first.race_id,
        "label": first.label,
        "market": first.market,
        "price": first.price,
        "shown": Shown(first.price, first.status),
        "programs": tuple(program for program, _ in horses),
        "horses": tuple(name for _, name in horses),
    }


_RACES: BindParameter[int] = bindparam("races", expanding=True)
_MARKETS: BindParameter[str] = bindparam("markets", expanding=True)
_RUNS = entry.c.status.not_in(sorted(OUT))
_runners = select(func.count()).where(entry.c.race_id == race.c.race_id, _RUNS).correlate(race).scalar_subquery()
_alerts = select(func.count()).where(alert.c.race_id == race.c.race_id).correlate(race).scalar_subquery()

# From the race to its newest board: by way of all its boards it would be 20 times slower.
_newer = board.alias("newer")
_newest_id = (
    select(_newer.c.board_id)
    .where(_newer.c.race_id == race_source.c.race_id, _newer.c.source_id == race_source.c.source_id)
    .order_by(_newer.c.fetched_at.desc())
    .limit(1)
    .correlate(race_source)
    .scalar_subquery()
)
_AROUND = (
    select(
        race.c.race_id, _runners, _alerts,
        board.c.board_id, board.c.fetched_at, board.c.source_time, board.c.status, board.c.minutes_to_post, board.c.flags,
        source_table.c.name, source_table.c.notation,
    )
    .select_from(race)
    .outerjoin(race_source, and_(race_source.c.race_id == race.c.race_id, race_source.c.is_primary == 1))
    .outerjoin(source_table, source_table.c.source_id == race_source.c.source_id)
    .outerjoin(board, board.c.board_id == _newest_id)
    .where(race.c.race_id.in_(_RACES))
)  # fmt: skip

_PRICED = (
    entry.c.race_id, entry.c.interest_id, entry.c.horse_id, entry.c.program_number,
    latest_odds.c.market, latest_odds.c.price, latest_odds.c.status,
)  # fmt: skip


def _named(ranked: Subquery) -> Select[*tuple[Any, ...]]:
    """The first of each, with its label and its horses' names."""
    return (
        select(ranked, betting_interest.c.label, horse.c.name.label("horse"))
        .join(betting_interest, betting_interest.c.interest_id == ranked.c.interest_id)
        .join(horse, horse.c.horse_id == ranked.c.horse_id)
        .where(ranked.c.place == 1)
    )


_ranked = (
    select(
        *_PRICED,
        func.rank()
        .over(partition_by=(entry.c.race_id, latest_odds.c.market), order_by=latest_odds.c.price)
        .label("place"),
    )
    .select_from(race_source)
    .join(entry, entry.c.race_id == race_source.c.race_id)
    .join(
        latest_odds,
        and_(latest_odds.c.interest_id == entry.c.interest_id, latest_odds.c.source_id == race_source.c.source_id),
    )
    .where(
        race_source.c.race_id.in_(_RACES),
        race_source.c.is_primary == 1,
        latest_odds.c.market.in_(_MARKETS),
        latest_odds.c.price.is_not(None),
        _RUNS,
    )
    .subquery()
)
_LOWEST = _named(_ranked)

# Back along the boards before the window until one changed the price: mostly the first to the third.
_earlier = board.alias("earlier")
_change = price_change.alias("change")
_stood = (
    select(_earlier.c.board_id)
    .join(_change, _change.c.board_id == _earlier.c.board_id)
    .where(
        _change.c.interest_id == latest_odds.c.interest_id,
        _change.c.market == latest_odds.c.market,
        _earlier.c.race_id == board.c.race_id,
        _earlier.c.source_id == board.c.source_id,
        _earlier.c.fetched_at <= board.c.fetched_at - bindparam("window"),
    )
    .order_by(_earlier.c.fetched_at.desc())
    .limit(1)
    .correlate(latest_odds, board)
    .scalar_subquery()
)
_probability_moved = func.abs(1000.0 / latest_odds.c.price - 1000.0 / price_change.c.price)
_moves = (
    select(
        *_PRICED,
        price_change.c.price.label("price_before"),
        board.c.source_id,
        (board.c.fetched_at - bindparam("window")).label("since"),
        func.rank()
        .over(partition_by=(entry.c.race_id, latest_odds.c.market), order_by=_probability_moved.desc())
        .label("place"),
    )
    .select_from(board)
    .join(entry, entry.c.race_id == board.c.race_id)
    .join(
        latest_odds,
        and_(latest_odds.c.interest_id == entry.c.interest_id, latest_odds.c.source_id == board.c.source_id),
    )
    .join(
        price_change,
        and_(
            price_change.c.interest_id == latest_odds.c.interest_id,
            price_change.c.market == latest_odds.c.market,
            price_change.c.board_id == _stood,
        ),
    )
    .where(
        board.c.board_id.in_(bindparam("boards", expanding=True)),
        latest_odds.c.market.in_(_MARKETS),
        latest_odds.c.changed_at > board.c.fetched_at - bindparam("window"),
        latest_odds.c.price != price_change.c.price,
        latest_odds.c.status == "active",
        price_change.c.status == "active",
        _RUNS,
    )
    .subquery()
)
# What was bet on a horse that goes out is paid back: all others shorten by that alone.
_out = latest_odds.alias("out")
_out_of = betting_interest.alias("out_of")
_scratched_since = (
    select(_out.c.interest_id)
    .join(_out_of, _out.c.interest_id == _out_of.c.interest_id)
    .where(
        _out_of.c.race_id == _moves.c.race_id,
        _out.c.source_id == _moves.c.source_id,
        _out.c.market == _moves.c.market,
        _out.c.status == "scratched",
        _out.c.changed_at > _moves.c.since,
    )
    .correlate(_moves)
    .exists()
)
_MOVED = _named(_moves).where(~_scratched_since)
