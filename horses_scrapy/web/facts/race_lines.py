"""Races -> lines of a list: everything about all of them is read at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from horses_scrapy.storage import race_lines as stored
from horses_scrapy.storage.race_lines import Around, Moved, NewestBoard, Quoted
from horses_scrapy.storage.race_list import ListedRace
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.choice import TO_WIN
from horses_scrapy.web.facts.favourite import move_told, of_first_market, told
from horses_scrapy.web.facts.freshness import UNWATCHED
from horses_scrapy.web.facts.moves import WINDOW_MS
from horses_scrapy.web.facts.names import named
from horses_scrapy.web.facts.post import expected
from horses_scrapy.web.facts.stamp import stamp
from horses_scrapy.web.models.base import Freshness, instant_or_none
from horses_scrapy.web.models.race_list import RaceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of the races, by race; freshness by track."""

    now_ms: int
    freshness: Mapping[str, Freshness]
    around: Mapping[int, Around]
    favourites: Mapping[int, Quoted]
    moved: Mapping[int, Moved]


def race_lines(reading: Reading, races: Sequence[ListedRace], freshness: Mapping[str, Freshness]) -> list[RaceLine]:
    """freshness: by track."""
    if not races:
        return []
    seen = _seen(reading, races, freshness)
    return [_line(race, seen) for race in races]


def _seen(reading: Reading, races: Sequence[ListedRace], freshness: Mapping[str, Freshness]) -> Seen:
    connection, now_ms = reading.connection, reading.now_ms
    around = stored.around(connection, [race.race_id for race in races])
    boards = [(race, board) for race in races if (board := around[race.race_id].board) is not None]
    live = [board.board_id for race, board in boards if _is_live(race, board, freshness, now_ms)]
    favourites = of_first_market(stored.lowest(connection, [race.race_id for race, _ in boards], TO_WIN))
    moved = stored.moved(connection, live, TO_WIN, WINDOW_MS) if live else []
    return Seen(
        now_ms=now_ms,
        freshness=freshness,
        around=around,
        favourites=favourites,
        moved={one.race_id: one for one in reversed(moved) if one.market == favourites[one.race_id].market},
    )


def _is_live(race: ListedRace, board: NewestBoard, freshness: Mapping[str, Freshness], now_ms: int) -> bool:
    """Whether a move is news: what an old board showed as one is none any more."""
    if race.status != "open" or now_ms - board.fetched_at > WINDOW_MS:
        return False
    return not freshness.get(race.track_key, UNWATCHED).degraded


def _line(race: ListedRace, seen: Seen) -> RaceLine:
    around, first, move = seen.around[race.race_id], seen.favourites.get(race.race_id), seen.moved.get(race.race_id)
    board = around.board
    post = expected(race, board, seen.now_ms)
    return RaceLine(
        **named(race),
        minutes_to_post=post.minutes(seen.now_ms),
        expected_post=instant_or_none(post.at),
        expected_by=post.by,
        board=None if board is None else stamp(board, board.source),
        freshness=seen.freshness.get(race.track_key, UNWATCHED),
        surface=race.surface,
        race_type=race.race_type,
        runners=around.runners,
        favourite=None if board is None or first is None else told(first, board.notation),
        mover=None if board is None or move is None else move_told(move, board.notation),
        alerts=around.alerts,
    )
