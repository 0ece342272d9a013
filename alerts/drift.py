"""How far a race's odds moved from some minutes to post to their end, noted once when it is official."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from alerts.as_of import race_at, runners_at
from alerts.history import HARMLESS, Prices, field_out, minutes_to_post, unsound
from horses_scrapy.items import Market
from horses_scrapy.storage import drift as sql
from horses_scrapy.storage.alert_history import CardChange, EarlierBoard, card_changes, earlier_boards
from horses_scrapy.storage.board_reader import board_view
from horses_scrapy.storage.board_view import BoardView
from horses_scrapy.storage.drift import Drifted, Noted

MARKET: Market = "win_tote"
MINUTES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30)
_LIMIT = 45
"""Minutes to post up to which a board may stand for 30; each other one stands up to the next."""
OFF = frozenset({"closed", "unofficial", "official"})


def record(connection: Connection, board: BoardView, stale_after_ms: int) -> None:
    """`board`: the race's first official one, with the card as it was at it. What is stored already stays."""
    if board.status != "official" or not board.is_primary or sql.is_recorded(connection, board.board_id):
        return
    sql.record(connection, board.board_id, of_board(connection, board, stale_after_ms))


def of_board(connection: Connection, board: BoardView, stale_after_ms: int) -> list[Drifted]:
    """`board` as for record."""
    changes = card_changes(connection, board.race.race_id)
    earlier = earlier_boards(connection, board.board_id)
    return list(drifts(board, earlier, changes, stale_after_ms))


def of_unnoted(connection: Connection, track_named: str | None, stale_after_ms: int) -> Iterator[Noted]:
    """Of official races that no rule has looked at: imported, or watched with alerts.enabled: false."""
    for board_id in sql.unnoted(connection, track_named):
        board = board_view(connection, board_id)
        changes = card_changes(connection, board.race.race_id)
        as_it_was = replace(board, runners=runners_at(board.runners, changes, board.fetched_at))
        for one in of_board(connection, as_it_was, stale_after_ms):
            yield Noted(
                track=board.race.track_key,
                source=board.source.name,
                race_id=board.race.race_id,
                label=one.label,
                minutes=one.minutes,
                price=one.price,
                final_price=one.final_price,
            )


def drifts(
    board: BoardView, earlier: Sequence[EarlierBoard], changes: Sequence[CardChange], stale_after_ms: int
) -> Iterator[Drifted]:
    """A scratch gives money back and moves all prices: what was before it is left out."""
    final = final_prices(board, earlier)
    out = field_out(board.runners, board.prices)
    for minutes, seen in _standing(board, earlier, changes, stale_after_ms).items():
        if field_out(runners_at(board.runners, changes, seen.fetched_at), seen.prices) == out:
            for label, price in active(seen.prices).items():
                if label in final:
                    yield Drifted(minutes=minutes, label=label, price=price, final_price=final[label])


def final_prices(board: BoardView, earlier: Sequence[EarlierBoard]) -> Mapping[str, int]:
    """Of the newest board after the off that shows any: a source may blank them with the result."""
    newest_first: list[BoardView | EarlierBoard] = [board, *reversed(earlier)]
    for seen in newest_first:
        shown = active(seen.prices)
        if seen.status in OFF and not seen.flags - HARMLESS and shown:
            return shown
    return {}


def active(prices: Prices) -> dict[str, int]:
    """Prices that are known, by label: a capped one is only the least that it can be."""
    return {
        label: shown.price
        for (market, label), shown in prices.items()
        if market == MARKET and shown.status == "active" and shown.price is not None
    }


def _standing(
    board: BoardView, earlier: Sequence[EarlierBoard], changes: Sequence[CardChange], stale_after_ms: int
) -> dict[int, EarlierBoard]:
    """The newest sound board of each span of minutes to post, by the post as it was known then."""
    found: dict[int, EarlierBoard] = {}
    for seen in earlier:
        post = race_at(board.race, changes, seen.fetched_at).post_time
        left = minutes_to_post(seen.minutes_to_post, post, seen.fetched_at)
        if left is not None and left < _LIMIT and unsound(seen, stale_after_ms) is None:
            found[max(minutes for minutes in MINUTES if minutes <= left)] = seen
    return found
