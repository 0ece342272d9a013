"""A board as it stood: prices, pools and pair prices of one race and source at an instant. Read through queries.py."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Connection, and_, bindparam, func, select

from horses_scrapy.errors import StoreError
from horses_scrapy.items import Market, Source
from horses_scrapy.program_number import program_order
from horses_scrapy.storage import grids, pools, prices
from horses_scrapy.storage.board_view import BoardView, GridView, Money, PoolView, RaceView, RunnerView, Shown
from horses_scrapy.storage.schema import betting_interest, board, entry, horse, pair_grid, race, race_source
from horses_scrapy.storage.schema import source as source_table
from horses_scrapy.storage.schema import track as track_table


def board_view(connection: Connection, board_id: int, harmless: AbstractSet[str] | None = None) -> BoardView:
    """What stood on the board, the race around it, and the card as it is now. Raises StoreError if there is none.

    harmless: pair prices are those of the newest board with no other flags; None: the newest, whatever its flags.
    """
    row = _board_row(connection, board_id)
    card = card_of(connection, row.board_race_id)
    spot = Spot(row.board_race_id, row.board_source_id, row.board_fetched_at, card.labels)
    return BoardView(
        board_id=board_id,
        race=_race_view(row),
        source=Source(row.source_name, row.source_notation, row.source_basis),
        is_primary=bool(row.race_source_is_primary),
        fetched_at=spot.at,
        source_time=row.board_source_time,
        status=row.board_status,
        minutes_to_post=row.board_minutes_to_post,
        flags=frozenset(row.board_flags.split(",")) - {""},
        evaluated_at=row.board_evaluated_at,
        runners=card.runners,
        prices=_prices(connection, spot),
        pools=_pools(connection, spot),
        grids=_grids(connection, spot) if harmless is None else _grids_of_sound(connection, spot, harmless),
    )


def money_on(connection: Connection, board_id: int, harmless: AbstractSet[str]) -> Money:
    """What board_view says of a stored board's pools and pairs, and no more."""
    spot = _spot(connection, *connection.execute(_PLACE, {"of_board": board_id}).one())
    return Money(pools=_pools(connection, spot), grids=_grids_of_sound(connection, spot, harmless))


def _board_row(connection: Connection, board_id: int) -> Any:
    row = connection.execute(_BOARD, {"of_board": board_id}).one_or_none()
    if row is None:
        raise StoreError(f"board {board_id}: there is no such board")
    return row


def _race_view(row: Any) -> RaceView:
    return RaceView(
        race_id=row.race_race_id,
        track_key=row.track_key,
        track_code=row.track_code,
        track_name=row.track_name,
        timezone=row.track_timezone,
        race_date=row.race_race_date,
        race_number=row.race_race_number,
        post_time=row.race_post_time,
        url=row.race_source_url,
    )


@dataclass(frozen=True, slots=True)
class Card:
    """A race's interests and horses. labels: by interest; runners: in program order; post_positions: by entry."""

    labels: Mapping[int, str]
    runners: tuple[RunnerView, ...]
    post_positions: Mapping[int, str | None]


def runners(connection: Connection, race_id: int) -> tuple[RunnerView, ...]:
    """The card as it is now, in program order."""
    return card_of(connection, race_id).runners


def card_of(connection: Connection, race_id: int) -> Card:
    """As it is now."""
    rows = connection.execute(_CARD, {"of_race": race_id}).all()
    views = [
        RunnerView(
            entry_id=row.entry_id,
            program_number=row.program_number,
            label=row.label,
            horse=row.name,
            status=row.status,
            jockey=row.jockey,
            trainer=row.trainer,
            morning_line=row.morning_line_odds,
        )
        for row in rows
        if row.entry_id is not None
    ]
    return Card(
        labels={row.interest_id: row.label for row in rows},
        runners=tuple(sorted(views, key=lambda view: program_order(view.program_number))),
        post_positions={row.entry_id: row.post_position for row in rows},
    )


@dataclass(frozen=True, slots=True)
class Spot:
    """One race and source at an instant. labels: of the race's interests."""

    race_id: int
    source_id: int
    at: int
    labels: Mapping[int, str]

    @property
    def asked(self) -> dict[str, int]:
        return {"of_race": self.race_id, "of_source": self.source_id, "at": self.at}


def _spot(connection: Connection, race_id: int, source_id: int, at_ms: int) -> Spot:
    labels = dict(connection.execute(_LABELS, {"of_race": race_id}).all())
    return Spot(race_id, source_id, at_ms, labels)


def prices_at(connection: Connection, race_id: int, source_id: int, at_ms: int) -> dict[tuple[Market, str], Shown]:
    """By (market, label). `missing`: shown before, not any more; never shown until then: absent."""
    return _prices(connection, _spot(connection, race_id, source_id, at_ms))


def _prices(connection: Connection, spot: Spot) -> dict[tuple[Market, str], Shown]:
    if _is_newest(connection, spot):
        shown = prices.newest(connection, spot.race_id, spot.source_id)
    else:
        shown = prices.as_of(connection, spot.race_id, spot.source_id, spot.at)
    return {(market, spot.labels[interest]): one for (interest, market), one in shown.items()}


def _is_newest(connection: Connection, spot: Spot) -> bool:
    """Whether the newest values are those of that instant: 100 times quicker to read than the history."""
    newest = connection.scalar(_NEWEST, spot.asked)
    return newest is not None and spot.at >= newest


def pools_at(connection: Connection, race_id: int, source_id: int, at_ms: int) -> dict[str, PoolView]:
    """By bet type; a pool of which nothing was shown is absent."""
    return _pools(connection, _spot(connection, race_id, source_id, at_ms))


def _pools(connection: Connection, spot: Spot) -> dict[str, PoolView]:
    known = pools.identities(connection, spot.race_id, spot.source_id)
    return pool_views(pools.named(known, pools.as_of(connection, spot.race_id, spot.source_id, spot.at)), spot.labels)


def pool_views(shown: Mapping[pools.Identity, int], labels: Mapping[int, str]) -> dict[str, PoolView]:
    """By bet type."""
    return {bet_type: _pool_view(bet_type, shown, labels) for bet_type in sorted({one[0] for one in shown})}


def _pool_view(bet_type: str, shown: Mapping[pools.Identity, int], labels: Mapping[int, str]) -> PoolView:
    own = {(interest, currency): amount for (kind, interest, currency), amount in shown.items() if kind == bet_type}
    totals = [amount for (interest, _), amount in own.items() if interest is None]
    return PoolView(
        total=totals[0] if totals else None,
        currency=next(reversed(own))[1],
        amounts={labels[interest]: amount for (interest, _), amount in own.items() if interest is not None},
    )


def grid_at(connection: Connection, race_id: int, source_id: int, bet_type: str, at_ms: int) -> GridView | None:
    """The newest pair prices at or before an instant."""
    return grid(connection, _spot(connection, race_id, source_id, at_ms), bet_type, at_ms)


def grid(connection: Connection, spot: Spot, bet_type: str, at_ms: int) -> GridView | None:
    stored = grids.as_of(connection, spot.race_id, spot.source_id, bet_type, at_ms)
    if stored is None:
        return None
    labels = spot.labels
    payouts = {(labels[first], labels[second]): payout for (first, second), payout in stored.grid.payouts.items()}
    return GridView(stored.grid.base, stored.grid.currency, stored.fetched_at, payouts, stored.grid.cap)


def _grids(connection: Connection, spot: Spot) -> dict[str, GridView]:
    kinds = connection.scalars(_GRID_KINDS, spot.asked)
    views = {bet_type: grid(connection, spot, bet_type, spot.at) for bet_type in sorted(kinds)}
    return {bet_type: view for bet_type, view in views.items() if view is not None}


def _grids_of_sound(connection: Connection, spot: Spot, harmless: AbstractSet[str]) -> dict[str, GridView]:
    marked = connection.execute(_MARKED, spot.asked).all()
    return sound_grids(marked, harmless, lambda bet_type, at: grid(connection, spot, bet_type, at))


def sound_grids(
    marked: Iterable[tuple[int, str, str]], harmless: AbstractSet[str], grid_of: Callable[[str, int], GridView | None]
) -> dict[str, GridView]:
    """By bet type the pair prices of the newest board up to an instant that brought some and has but harmless flags.

    marked: fetched_at, flags and marks of boards, the newest first. fetched_at of a view is when that board's came, also
    where they were equal to earlier ones.
    """
    found: dict[str, GridView] = {}
    for board_at, flags, marks in marked:
        if not frozenset(flags.split(",")) - {""} <= harmless:
            continue
        for bet_type, came in grids.marked(marks, board_at).items():
            if bet_type not in found:
                shown = grid_of(bet_type, board_at)
                assert shown is not None, "a board's mark names a grid that is stored"
                found[bet_type] = replace(shown, fetched_at=came)
    return found


# Built once: that costs more than running them.
_BOARD = (
    select(board, race, track_table, source_table, race_source)
    .join(race, race.c.race_id == board.c.race_id)
    .join(track_table, track_table.c.track_id == race.c.track_id)
    .join(source_table, source_table.c.source_id == board.c.source_id)
    .join(race_source, and_(race_source.c.race_id == board.c.race_id, race_source.c.source_id == board.c.source_id))
    .where(board.c.board_id == bindparam("of_board"))
    .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
)
_PLACE = select(board.c.race_id, board.c.source_id, board.c.fetched_at).where(board.c.board_id == bindparam("of_board"))
_LABELS = select(betting_interest.c.interest_id, betting_interest.c.label).where(
    betting_interest.c.race_id == bindparam("of_race")
)
# An interest of which the card names no horse has a row too.
_CARD = (
    select(
        betting_interest.c.interest_id, betting_interest.c.label,
        entry.c.entry_id, entry.c.program_number, entry.c.status, entry.c.jockey, entry.c.trainer,
        entry.c.morning_line_odds, entry.c.post_position, horse.c.name,
    )
    .outerjoin_from(
        betting_interest, entry,
        and_(entry.c.interest_id == betting_interest.c.interest_id, entry.c.race_id == betting_interest.c.race_id),
    )
    .outerjoin(horse, horse.c.horse_id == entry.c.horse_id)
    .where(betting_interest.c.race_id == bindparam("of_race"))
)  # fmt: skip
_OWN = (board.c.race_id == bindparam("of_race"), board.c.source_id == bindparam("of_source"))
_UNTIL = (*_OWN, board.c.fetched_at <= bindparam("at"))
_NEWEST = select(func.max(board.c.fetched_at)).where(*_OWN)
_GRID_KINDS = (
    select(pair_grid.c.bet_type).distinct().join(board, board.c.board_id == pair_grid.c.board_id).where(*_UNTIL)
)
_MARKED = (
    select(board.c.fetched_at, board.c.flags, board.c.grids)
    .where(*_UNTIL, board.c.grids != "")
    .order_by(board.c.fetched_at.desc())
)
