"""Races -> lines of a list: everything about all of them is read at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from horses_scrapy.storage import race_lines as stored
from horses_scrapy.storage.race_lines import Moved, NewestBoard, Quoted
from horses_scrapy.storage.race_list import ListedRace
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.favourite import MARKETS, WINDOW_MS, move_told, of_first_market, told
from horses_scrapy.web.facts.freshness import UNWATCHED
from horses_scrapy.web.facts.names import race_name
from horses_scrapy.web.facts.post import expected
from horses_scrapy.web.models.base import BoardStamp, Freshness, instant, instant_or_none
from horses_scrapy.web.models.race_list import RaceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of the races, by race; freshness by track."""

    now_ms: int
    freshness: Mapping[str, Freshness]
    boards: Mapping[int, NewestBoard]
    favourites: Mapping[int, Quoted]
    moved: Mapping[int, Moved]
    runners: Mapping[int, int]
    alerts: Mapping[int, int]


def race_lines(reading: Reading, races: Sequence[ListedRace], freshness: Mapping[str, Freshness]) -> list[RaceLine]:
    """freshness: by track."""
    if not races:
        return []
    seen = _seen(reading, races, freshness)
    return [_line(race, seen) for race in races]


def _seen(reading: Reading, races: Sequence[ListedRace], freshness: Mapping[str, Freshness]) -> Seen:
    connection, ids = reading.connection, [race.race_id for race in races]
    boards = stored.newest_boards(connection, ids)
    live = [boards[race.race_id].board_id for race in races if _is_live(race, boards, freshness, reading.now_ms)]
    moved = stored.moved(connection, live, MARKETS, WINDOW_MS) if live else []
    favourites = of_first_market(stored.lowest(connection, ids, MARKETS))
    return Seen(
        now_ms=reading.now_ms,
        freshness=freshness,
        boards=boards,
        favourites=favourites,
        moved={one.race_id: one for one in reversed(moved) if one.market == favourites[one.race_id].market},
        runners=stored.runners(connection, ids),
        alerts=stored.alerts(connection, ids),
    )


def _is_live(
    race: ListedRace, boards: Mapping[int, NewestBoard], freshness: Mapping[str, Freshness], now_ms: int
) -> bool:
    """Whether a move is news: what an old board showed as one is none any more."""
    board = boards.get(race.race_id)
    if board is None or race.status != "open" or now_ms - board.fetched_at > WINDOW_MS:
        return False
    return not freshness.get(race.track_key, UNWATCHED).degraded


def _line(race: ListedRace, seen: Seen) -> RaceLine:
    board, first = seen.boards.get(race.race_id), seen.favourites.get(race.race_id)
    post = expected(race, board, seen.now_ms)
    move = seen.moved.get(race.race_id)
    return RaceLine(
        **dict(race_name(race)),
        minutes_to_post=post.minutes(seen.now_ms),
        expected_post=instant_or_none(post.at),
        expected_by=post.by,
        board=None if board is None else _stamp(board),
        freshness=seen.freshness.get(race.track_key, UNWATCHED),
        surface=race.surface,
        race_type=race.race_type,
        runners=seen.runners.get(race.race_id, 0),
        favourite=None if board is None or first is None else told(first, board.notation),
        mover=None if board is None or move is None else move_told(move, board.notation),
        alerts=seen.alerts.get(race.race_id, 0),
    )


def _stamp(board: NewestBoard) -> BoardStamp:
    return BoardStamp(
        board_id=board.board_id,
        source=board.source,
        fetched_at=instant(board.fetched_at),
        source_time=instant_or_none(board.source_time),
        status=board.status,
        minutes_to_post=board.minutes_to_post,
        flags=list(board.flags),
    )
