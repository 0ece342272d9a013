"""What a track races in these days, and what is stored of its prices. Instants are epoch milliseconds."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, bindparam, case, func, select

from horses_scrapy.clock import from_ms
from horses_scrapy.storage.schema import betting_interest, board, latest_odds, race, track

OVER = ("official", "cancelled", "postponed")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOfDay:
    """A day at a track. next_post: of its races that are not over, from now on."""

    track_key: str
    race_date: str
    races: int
    next_post: int | None


def cards_around(connection: Connection, now_ms: int) -> list[CardOfDay]:
    """Of yesterday, today and tomorrow in UTC: today at any track is among them."""
    told = {**_days(now_ms), "now": now_ms}
    return [
        CardOfDay(track_key=key, race_date=day, races=races, next_post=post)
        for key, day, races, post in connection.execute(_CARDS, told)
    ]


def newest_board(connection: Connection) -> int | None:
    """When the board was fetched that was stored last."""
    return connection.scalar(_NEWEST_BOARD)


def newest_prices(connection: Connection, tracks: Collection[str], now_ms: int) -> dict[str, int]:
    """By track key: when a price of its present races last changed."""
    told = {**_days(now_ms), "tracks": list(tracks)}
    return {key: at for key, at in connection.execute(_NEWEST_PRICES, told)}  # noqa: C416 - rows are no pairs to mypy


def _days(now_ms: int) -> dict[str, str]:
    today = from_ms(now_ms)
    return {"first": f"{today - timedelta(days=1):%Y-%m-%d}", "last": f"{today + timedelta(days=1):%Y-%m-%d}"}


_AROUND = race.c.race_date.between(bindparam("first"), bindparam("last"))
_TO_COME = case((race.c.status.not_in(OVER) & (race.c.post_time >= bindparam("now")), race.c.post_time))
_CARDS = (
    select(track.c.key, race.c.race_date, func.count(), func.min(_TO_COME))
    .join_from(race, track)
    .where(_AROUND)
    .group_by(track.c.key, race.c.race_date)
)
_NEWEST_BOARD = select(board.c.fetched_at).order_by(board.c.board_id.desc()).limit(1)
_NEWEST_PRICES = (
    select(track.c.key, func.max(latest_odds.c.changed_at))
    .select_from(race)
    .join(track, track.c.track_id == race.c.track_id)
    .join(betting_interest, betting_interest.c.race_id == race.c.race_id)
    .join(latest_odds, latest_odds.c.interest_id == betting_interest.c.interest_id)
    .where(_AROUND, track.c.key.in_(bindparam("tracks", expanding=True)))
    .group_by(track.c.key)
)
