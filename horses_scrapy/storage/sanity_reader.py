"""What is stored around a board that is about to be stored, for the sanity checks. Instants are epoch milliseconds UTC."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, func, select

from horses_scrapy.checks import Earlier, Runner, Standing
from horses_scrapy.items import OUT
from horses_scrapy.storage import pools
from horses_scrapy.storage.alert_history import card_changes
from horses_scrapy.storage.board_reader import board_view
from horses_scrapy.storage.board_view import BoardView
from horses_scrapy.storage.schema import (
    betting_interest,
    board,
    entry,
    horse,
    latest_odds,
    pair_grid,
    price_change,
    race,
)
from horses_scrapy.storage.schema import source as source_table


def board_before(connection: Connection, race_id: int, source_name: str, at_ms: int) -> BoardView | None:
    """The newest board of the race and source before an instant."""
    asked = {"of_race": race_id, "source_name": source_name, "before": at_ms}
    board_id = connection.scalar(_BEFORE, asked)
    return None if board_id is None else board_view(connection, board_id)


def runners(connection: Connection, race_id: int) -> tuple[Runner, ...]:
    """The card as it is now."""
    return tuple(Runner(*row) for row in connection.execute(_RUNNERS, {"of_race": race_id}).all())


def scratched_since(connection: Connection, race_id: int, since_ms: int) -> frozenset[str]:
    """Labels with a horse that the card took out after an instant."""
    out = {
        change.entry_id
        for change in card_changes(connection, race_id)
        if change.field == "status" and change.entry_id is not None and change.new in OUT and change.at > since_ms
    }
    return frozenset(connection.scalars(_LABELS, {"of_entries": sorted(out)})) if out else frozenset()


def elsewhere(connection: Connection, race_id: int, source_name: str) -> dict[int, dict[str, int]]:
    """By number of the day's other races at the track: the win prices that the source showed last, by label."""
    found: dict[int, dict[str, int]] = {}
    asked = {"of_race": race_id, "source_name": source_name}
    for number, label, price in connection.execute(_ELSEWHERE, asked).all():
        found.setdefault(number, {})[label] = price
    return found


def earlier(connection: Connection, before: BoardView) -> Earlier:
    """The board as the checks read it, with the totals at which its prices were first shown."""
    source_id = connection.scalar(_SOURCE, {"source_name": before.source.name})
    assert source_id is not None, "a board's source is stored"
    scratched = {label for (_, label), shown in before.prices.items() if shown.status == "scratched"}
    return Earlier(
        totals={name: view.total for name, view in before.pools.items() if view.total is not None},
        scratched=frozenset(scratched),
        standing={
            kind: _standing(connection, before, source_id, kind, cells) for kind, cells in _cells(before).items()
        },
    )


def _cells(before: BoardView) -> dict[str, dict[tuple[str, ...], int]]:
    found: dict[str, dict[tuple[str, ...], int]] = {"win": {}}
    for (market, label), shown in before.prices.items():
        if market == "win_tote" and shown.price is not None:
            found["win"][label,] = shown.price
    for bet_type, grid in before.grids.items():
        found[bet_type] = dict(grid.payouts.items())
    return found


def _standing(
    connection: Connection, before: BoardView, source_id: int, kind: str, cells: Mapping[tuple[str, ...], int]
) -> Standing:
    """With the pool's total on the board that first showed these prices."""
    asked = {"of_race": before.race.race_id, "of_source": source_id, "at": before.fetched_at}
    since = (
        connection.scalar(_WIN_CHANGED, asked)
        if kind == "win"
        else connection.scalar(_GRID_STORED, asked | {"of_bet_type": kind})
    )
    return Standing(
        None if since is None else _total_at(connection, before.race.race_id, source_id, kind, since), cells
    )


def _total_at(connection: Connection, race_id: int, source_id: int, bet_type: str, at_ms: int) -> int | None:
    known = pools.identities(connection, race_id, source_id)
    shown = pools.named(known, pools.as_of(connection, race_id, source_id, at_ms))
    totals = [amount for (kind, interest, _), amount in shown.items() if kind == bet_type and interest is None]
    return totals[0] if totals else None


# Built once: that costs more than running them.
_BEFORE = (
    select(board.c.board_id)
    .join(source_table, source_table.c.source_id == board.c.source_id)
    .where(
        board.c.race_id == bindparam("of_race"),
        source_table.c.name == bindparam("source_name"),
        board.c.fetched_at < bindparam("before"),
    )
    .order_by(board.c.fetched_at.desc())
    .limit(1)
)
_RUNNERS = (
    select(betting_interest.c.label, horse.c.name, entry.c.status)
    .select_from(entry)
    .join(betting_interest, betting_interest.c.interest_id == entry.c.interest_id)
    .join(horse, horse.c.horse_id == entry.c.horse_id)
    .where(entry.c.race_id == bindparam("of_race"))
    .order_by(entry.c.entry_id)
)
_LABELS = (
    select(betting_interest.c.label)
    .join(entry, entry.c.interest_id == betting_interest.c.interest_id)
    .where(entry.c.entry_id.in_(bindparam("of_entries", expanding=True)))
)
_THIS = race.alias()
_ELSEWHERE = (
    select(race.c.race_number, betting_interest.c.label, latest_odds.c.price)
    .join(_THIS, (_THIS.c.track_id == race.c.track_id) & (_THIS.c.race_date == race.c.race_date))
    .join(betting_interest, betting_interest.c.race_id == race.c.race_id)
    .join(latest_odds, latest_odds.c.interest_id == betting_interest.c.interest_id)
    .join(source_table, source_table.c.source_id == latest_odds.c.source_id)
    .where(
        _THIS.c.race_id == bindparam("of_race"),
        race.c.race_id != bindparam("of_race"),
        source_table.c.name == bindparam("source_name"),
        latest_odds.c.market == "win_tote",
        latest_odds.c.price.is_not(None),
    )
)
_SOURCE = select(source_table.c.source_id).where(source_table.c.name == bindparam("source_name"))
_NEWEST = select(func.max(board.c.fetched_at)).where(
    board.c.race_id == bindparam("of_race"),
    board.c.source_id == bindparam("of_source"),
    board.c.fetched_at <= bindparam("at"),
)
# Not joined: SQLite would begin at the boards, and look through all prices of the race for each.
_WIN_CHANGED = _NEWEST.where(
    board.c.board_id.in_(
        select(price_change.c.board_id)
        .join(betting_interest, betting_interest.c.interest_id == price_change.c.interest_id)
        .where(betting_interest.c.race_id == bindparam("of_race"), price_change.c.market == "win_tote")
    )
)
_GRID_STORED = _NEWEST.join(pair_grid, pair_grid.c.board_id == board.c.board_id).where(
    pair_grid.c.bet_type == bindparam("of_bet_type")
)
