"""A board as it stood: prices, pools and pair prices of one race and source at an instant. Read through queries.py."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Connection, and_, select

from horses_scrapy.errors import StoreError
from horses_scrapy.items import Market, Source
from horses_scrapy.program_number import program_order
from horses_scrapy.storage import grids, pools, prices
from horses_scrapy.storage.board_view import BoardView, GridView, PoolView, RaceView, RunnerView, Shown
from horses_scrapy.storage.chain import newest_at
from horses_scrapy.storage.schema import betting_interest, board, entry, horse, pair_grid, race, race_source
from horses_scrapy.storage.schema import source as source_table
from horses_scrapy.storage.schema import track as track_table


def board_view(connection: Connection, board_id: int, harmless: AbstractSet[str] | None = None) -> BoardView:
    """What stood on the board, the race around it, and the card as it is now. Raises StoreError if there is none.

    harmless: pair prices are those of the newest board with no other flags; None: the newest, whatever its flags.
    """
    row = _board_row(connection, board_id)
    race_id, source_id, at = row.board_race_id, row.board_source_id, row.board_fetched_at
    return BoardView(
        board_id=board_id,
        race=_race_view(row),
        source=Source(row.source_name, row.source_notation, row.source_basis),
        is_primary=bool(row.race_source_is_primary),
        fetched_at=at,
        source_time=row.board_source_time,
        status=row.board_status,
        minutes_to_post=row.board_minutes_to_post,
        flags=frozenset(row.board_flags.split(",")) - {""},
        evaluated_at=row.board_evaluated_at,
        runners=runners(connection, race_id),
        prices=prices_at(connection, race_id, source_id, at),
        pools=pools_at(connection, race_id, source_id, at),
        grids=(
            _grids_at(connection, race_id, source_id, at)
            if harmless is None
            else _grids_of_sound(connection, race_id, source_id, at, harmless)
        ),
    )


def _board_row(connection: Connection, board_id: int) -> Any:
    own_source = and_(race_source.c.race_id == board.c.race_id, race_source.c.source_id == board.c.source_id)
    row = connection.execute(
        select(board, race, track_table, source_table, race_source)
        .join(race, race.c.race_id == board.c.race_id)
        .join(track_table, track_table.c.track_id == race.c.track_id)
        .join(source_table, source_table.c.source_id == board.c.source_id)
        .join(race_source, own_source)
        .where(board.c.board_id == board_id)
        .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
    ).one_or_none()
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


def runners(connection: Connection, race_id: int) -> tuple[RunnerView, ...]:
    """The card as it is now, in program order."""
    rows = connection.execute(
        select(entry, betting_interest.c.label, horse.c.name)
        .join(betting_interest, betting_interest.c.interest_id == entry.c.interest_id)
        .join(horse, horse.c.horse_id == entry.c.horse_id)
        .where(entry.c.race_id == race_id)
    )
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
    ]
    return tuple(sorted(views, key=lambda view: program_order(view.program_number)))


def prices_at(connection: Connection, race_id: int, source_id: int, at_ms: int) -> dict[tuple[Market, str], Shown]:
    """By (market, label). `missing`: shown before, not any more; never shown until then: absent."""
    labels = _labels(connection, race_id)
    if _is_newest(connection, race_id, source_id, at_ms):
        shown = prices.newest(connection, race_id, source_id)
    else:
        shown = prices.as_of(connection, race_id, source_id, at_ms)
    return {(market, labels[interest]): one for (interest, market), one in shown.items()}


def pools_at(connection: Connection, race_id: int, source_id: int, at_ms: int) -> dict[str, PoolView]:
    """By bet type; a pool of which nothing was shown is absent."""
    known = pools.identities(connection, race_id, source_id)
    shown = pools.named(known, pools.as_of(connection, race_id, source_id, at_ms))
    labels = _labels(connection, race_id)
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
    stored = grids.as_of(connection, race_id, source_id, bet_type, at_ms)
    if stored is None:
        return None
    labels = _labels(connection, race_id)
    payouts = {(labels[first], labels[second]): payout for (first, second), payout in stored.grid.payouts.items()}
    return GridView(stored.grid.base, stored.grid.currency, stored.fetched_at, payouts, stored.grid.cap)


def _grids_at(connection: Connection, race_id: int, source_id: int, at_ms: int) -> dict[str, GridView]:
    kinds = connection.scalars(
        select(pair_grid.c.bet_type)
        .distinct()
        .join(board, board.c.board_id == pair_grid.c.board_id)
        .where(board.c.race_id == race_id, board.c.source_id == source_id, board.c.fetched_at <= at_ms)
    )
    views = {bet_type: grid_at(connection, race_id, source_id, bet_type, at_ms) for bet_type in sorted(kinds)}
    return {bet_type: view for bet_type, view in views.items() if view is not None}


def _grids_of_sound(
    connection: Connection, race_id: int, source_id: int, at_ms: int, harmless: AbstractSet[str]
) -> dict[str, GridView]:
    """By bet type the pair prices of the newest board up to an instant that brought some and has but harmless flags.

    fetched_at is when that board's came, also where they were equal to earlier ones.
    """
    rows = connection.execute(
        select(board.c.fetched_at, board.c.flags, board.c.grids)
        .where(
            board.c.race_id == race_id,
            board.c.source_id == source_id,
            board.c.fetched_at <= at_ms,
            board.c.grids != "",
        )
        .order_by(board.c.fetched_at.desc())
    )
    found: dict[str, GridView] = {}
    for row in rows:
        if not frozenset(row.flags.split(",")) - {""} <= harmless:
            continue
        for bet_type, came in grids.marked(row.grids, row.fetched_at).items():
            if bet_type not in found:
                shown = grid_at(connection, race_id, source_id, bet_type, row.fetched_at)
                assert shown is not None, "a board's mark names a grid that is stored"
                found[bet_type] = replace(shown, fetched_at=came)
    return found


def _is_newest(connection: Connection, race_id: int, source_id: int, at_ms: int) -> bool:
    """Whether the newest values are those of that instant: 100 times quicker to read than the history."""
    newest = newest_at(connection, race_id, source_id)
    return newest is not None and at_ms >= newest


def _labels(connection: Connection, race_id: int) -> dict[int, str]:
    rows = connection.execute(select(betting_interest).where(betting_interest.c.race_id == race_id))
    return {row.interest_id: row.label for row in rows}
