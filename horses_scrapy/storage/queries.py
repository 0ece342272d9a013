"""The way out of the history: each takes a connection. Instants are epoch milliseconds UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Select, and_, bindparam, exists, func, or_, select, update

from horses_scrapy import clock
from horses_scrapy.items import Market, OddsItem, PriceStatus, RaceStatus
from horses_scrapy.program_number import program_order
from horses_scrapy.storage.board_reader import board_view, grid_at, pools_at, prices_at
from horses_scrapy.storage.schema import betting_interest, board, entry, price_change, race, race_source, result
from horses_scrapy.storage.schema import latest_odds as latest_table
from horses_scrapy.storage.schema import source as source_table
from horses_scrapy.storage.schema import track as track_table

__all__ = [
    "LatestPrice",
    "PricePoint",
    "RaceOfDay",
    "board_flags",
    "board_ids",
    "board_view",
    "finished_races",
    "grid_at",
    "latest_odds",
    "mark_board_evaluated",
    "odds_history",
    "pending_board_ids",
    "pools_at",
    "prices_at",
    "races_of_day",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestPrice:
    """`changed_at`: the first board that showed it so; `seen_at`: the newest board that showed the interest at all."""

    label: str
    market: Market
    source: str
    price: int | None
    status: PriceStatus
    changed_at: int
    seen_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePoint:
    """What the source showed from `fetched_at` on."""

    fetched_at: int
    source: str
    price: int | None
    status: PriceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceOfDay:
    """A race as the scheduler plans it; `status` and `official_at` as its primary source has them."""

    track_key: str
    race_date: str
    race_number: int
    race_id: int
    post_time: int | None
    status: RaceStatus
    official_at: int | None


def board_ids(connection: Connection, race_id: int, source_id: int) -> Sequence[int]:
    """By time, late ones included."""
    own = (board.c.race_id == race_id, board.c.source_id == source_id)
    return connection.scalars(select(board.c.board_id).where(*own).order_by(board.c.fetched_at)).all()


def board_flags(connection: Connection, item: OddsItem) -> frozenset[str] | None:
    """Of the stored board that the item is; None where it is not stored."""
    found = connection.scalar(
        select(board.c.flags)
        .join(race, race.c.race_id == board.c.race_id)
        .join(track_table, track_table.c.track_id == race.c.track_id)
        .join(source_table, source_table.c.source_id == board.c.source_id)
        .where(
            track_table.c.key == item.track,
            race.c.race_date == item.race_date.isoformat(),
            race.c.race_number == item.race_number,
            source_table.c.name == item.source.name,
            board.c.fetched_at == clock.to_ms(item.fetched_at),
        )
    )
    return None if found is None else frozenset(found.split(",")) - {""}


def pending_board_ids(
    connection: Connection, race_id: int | None = None, older_than_ms: int | None = None
) -> Sequence[int]:
    """Boards that the alert rules have not seen, by time; only those fetched before the instant `older_than_ms`."""
    asked = select(board.c.board_id).where(board.c.evaluated_at.is_(None))
    if race_id is not None:
        asked = asked.where(board.c.race_id == race_id)
    if older_than_ms is not None:
        asked = asked.where(board.c.fetched_at < older_than_ms)
    return connection.scalars(asked.order_by(board.c.fetched_at, board.c.board_id)).all()


def mark_board_evaluated(connection: Connection, board_id: int, at_ms: int) -> None:
    connection.execute(_MARK, {"of_board": board_id, "evaluated_at": at_ms})


def latest_odds(connection: Connection, race_id: int) -> list[LatestPrice]:
    """Every source's newest prices of the race, in program order."""
    rows = connection.execute(_LATEST, {"of_race": race_id})
    found = [
        LatestPrice(
            label=row.label,
            market=row.market,
            source=row.name,
            price=row.price,
            status=row.status,
            changed_at=row.changed_at,
            seen_at=row.seen_at,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (program_order(one.label), one.source, one.market))


def odds_history(
    connection: Connection, entry_id: int, since: int, until: int, market: Market = "win_tote"
) -> list[PricePoint]:
    """The changes of the entry's price from `since` up to, not including, `until`, by time."""
    rows = connection.execute(_HISTORY, {"of_entry": entry_id, "in_market": market, "since": since, "until": until})
    return [PricePoint(fetched_at=row.fetched_at, source=row.name, price=row.price, status=row.status) for row in rows]


def finished_races(connection: Connection, track_key: str, race_date: str, source_name: str) -> frozenset[int]:
    """Numbers of the day's races that the source has nothing more to tell about.

    A card that says `official` is not enough: the final board or the official result must be stored, else a run that
    was killed between the two would never fetch them. Neither is a result that came just after an unofficial board.
    """
    of = {"of_track": track_key, "of_date": race_date, "of_source": source_name}
    return frozenset(connection.scalars(_FINISHED, of))


def _finished() -> Select[tuple[int]]:
    of_race = (race_source.c.race_id, race_source.c.source_id)
    final_board = exists().where(
        board.c.race_id == of_race[0], board.c.source_id == of_race[1], board.c.status == "official"
    )
    final_result = exists().where(
        result.c.race_id == of_race[0], result.c.source_id == of_race[1], result.c.status == "official"
    )
    own_board = exists().where(board.c.race_id == of_race[0], board.c.source_id == of_race[1])
    later_board = own_board.where(board.c.fetched_at >= func.coalesce(race.c.official_at, 0))
    ended = and_(final_result, or_(~own_board, later_board))
    stored = and_(race_source.c.status == "official", or_(final_board, ended))
    return (
        select(race.c.race_number)
        .join(track_table, track_table.c.track_id == race.c.track_id)
        .join(race_source, race_source.c.race_id == race.c.race_id)
        .join(source_table, source_table.c.source_id == race_source.c.source_id)
        .where(
            track_table.c.key == bindparam("of_track"),
            race.c.race_date == bindparam("of_date"),
            source_table.c.name == bindparam("of_source"),
            or_(race_source.c.status == "cancelled", stored),
        )
    )


_FINISHED = _finished()  # built once: that costs more than running it


def races_of_day(connection: Connection, track_key: str | None, from_ms: int, to_ms: int) -> list[RaceOfDay]:
    """Races with a post time from `from_ms` up to, not including, `to_ms`, by post time; of all tracks for None."""
    day = timedelta(days=1)  # a date at the track is at most a day away from the date in UTC
    dates = [(clock.from_ms(from_ms) - day).date(), (clock.from_ms(to_ms) + day).date()]
    told = {"first": dates[0].isoformat(), "last": dates[1].isoformat(), "from_ms": from_ms, "to_ms": to_ms}
    if track_key is None:
        rows = connection.execute(_RACES_OF_DAY, told)
    else:
        rows = connection.execute(_RACES_OF_TRACK, {**told, "of_track": track_key})
    return [
        RaceOfDay(
            track_key=row.key,
            race_date=row.race_date,
            race_number=row.race_number,
            race_id=row.race_id,
            post_time=row.post_time,
            status=row.status,
            official_at=row.official_at,
        )
        for row in rows
    ]


# Built once: that costs several times more than running them.
_MARK = update(board).where(board.c.board_id == bindparam("of_board")).values(evaluated_at=bindparam("evaluated_at"))
_RACES_OF_DAY = (
    select(track_table.c.key, race)
    .join(track_table, track_table.c.track_id == race.c.track_id)
    .where(
        race.c.race_date.between(bindparam("first"), bindparam("last")),
        race.c.post_time >= bindparam("from_ms"),
        race.c.post_time < bindparam("to_ms"),
    )
    .order_by(race.c.post_time, track_table.c.key, race.c.race_number)
)
_RACES_OF_TRACK = _RACES_OF_DAY.where(track_table.c.key == bindparam("of_track"))
_LATEST = (
    select(latest_table, betting_interest.c.label, source_table.c.name)
    .join(betting_interest, betting_interest.c.interest_id == latest_table.c.interest_id)
    .join(source_table, source_table.c.source_id == latest_table.c.source_id)
    .where(betting_interest.c.race_id == bindparam("of_race"))
)
_HISTORY = (
    select(board.c.fetched_at, source_table.c.name, price_change.c.price, price_change.c.status)
    .select_from(entry)
    .join(price_change, price_change.c.interest_id == entry.c.interest_id)
    .join(board, board.c.board_id == price_change.c.board_id)
    .join(source_table, source_table.c.source_id == board.c.source_id)
    .where(
        entry.c.entry_id == bindparam("of_entry"),
        price_change.c.market == bindparam("in_market"),
        board.c.fetched_at >= bindparam("since"),
        board.c.fetched_at < bindparam("until"),
    )
    .order_by(board.c.fetched_at, source_table.c.name)
)
