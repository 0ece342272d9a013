"""SQL of how far odds drift: prices at some minutes to post, beside the race's final ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, exists, insert, or_, select

from horses_scrapy.storage.board_view import RaceView
from horses_scrapy.storage.schema import betting_interest, board, drift, race, race_source, source, track


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """Of one interest, in thousandths."""

    minutes: int
    label: str
    price: int
    final_price: int


@dataclass(frozen=True, slots=True)
class PastDrift:
    race_id: int
    price: int
    final_price: int


@dataclass(frozen=True, slots=True)
class Noted:
    """One interest's price from some minutes to post on. `track` is its key; prices in thousandths."""

    track: str
    source: str
    race_id: int
    label: str
    minutes: int
    price: int
    final_price: int


def is_recorded(connection: Connection, board_id: int) -> bool:
    """Whether anything is stored of the board's race and source."""
    return (
        connection.execute(
            select(drift.c.minutes)
            .join_from(board, drift, and_(drift.c.race_id == board.c.race_id, drift.c.source_id == board.c.source_id))
            .where(board.c.board_id == board_id)
            .limit(1)
        ).first()
        is not None
    )


def record(connection: Connection, board_id: int, rows: Sequence[Drifted]) -> None:
    """Of the board's race and source, of which nothing is stored yet."""
    if not rows:
        return
    race_id, source_id = connection.execute(
        select(board.c.race_id, board.c.source_id).where(board.c.board_id == board_id)
    ).one()
    interests = select(betting_interest.c.label, betting_interest.c.interest_id)
    of_race = connection.execute(interests.where(betting_interest.c.race_id == race_id))
    ids = {row.label: row.interest_id for row in of_race}
    connection.execute(
        insert(drift),
        [
            {
                "race_id": race_id,
                "source_id": source_id,
                "minutes": row.minutes,
                "interest_id": ids[row.label],
                "price": row.price,
                "final_price": row.final_price,
            }
            for row in rows
        ],
    )


def drifts_before(
    connection: Connection, before: RaceView, source_name: str, minutes: int, races: int
) -> list[PastDrift]:
    """By one source from so many minutes to post, over the last `races` of the same track before this one."""
    earlier = or_(
        race.c.race_date < before.race_date,
        and_(race.c.race_date == before.race_date, race.c.race_number < before.race_number),
    )
    past = (
        select(race.c.race_id)
        .join(track, track.c.track_id == race.c.track_id)
        .where(track.c.key == before.track_key, earlier)
        .order_by(race.c.race_date.desc(), race.c.race_number.desc())
        .limit(races)
        .subquery()
    )
    by = select(source.c.source_id).where(source.c.name == source_name).scalar_subquery()
    rows = connection.execute(
        select(drift.c.race_id, drift.c.price, drift.c.final_price)
        .join_from(past, drift, drift.c.race_id == past.c.race_id)
        .where(drift.c.source_id == by, drift.c.minutes == minutes)
    )
    return [PastDrift(*row) for row in rows]


def noted(connection: Connection, track_named: str | None) -> list[Noted]:
    """Of a track, by key or code, or of all; by track and source."""
    asked = (
        select(
            track.c.key, source.c.name, drift.c.race_id, betting_interest.c.label, drift.c.minutes, drift.c.price,
            drift.c.final_price,
        )
        .join_from(drift, race, race.c.race_id == drift.c.race_id)
        .join(betting_interest, betting_interest.c.interest_id == drift.c.interest_id)
        .join(track, track.c.track_id == race.c.track_id)
        .join(source, source.c.source_id == drift.c.source_id)
        .order_by(track.c.key, source.c.name)
    )  # fmt: skip
    if track_named is not None:
        asked = asked.where(or_(track.c.key == track_named, track.c.code == track_named))
    return [Noted(*row) for row in connection.execute(asked)]


def unnoted(connection: Connection, track_named: str | None) -> Sequence[int]:
    """The first official board of each official race, by its primary source, of which nothing is noted."""
    first = (
        select(board.c.board_id)
        .where(
            board.c.race_id == race.c.race_id,
            board.c.source_id == race_source.c.source_id,
            board.c.status == "official",
        )
        .order_by(board.c.fetched_at)
        .limit(1)
        .scalar_subquery()
    )
    asked = (
        select(first)
        .select_from(race)
        .join(track)
        .join(race_source, race_source.c.race_id == race.c.race_id)
        .where(
            race.c.official_at.is_not(None),
            race_source.c.is_primary == 1,
            ~exists().where(drift.c.race_id == race.c.race_id, drift.c.source_id == race_source.c.source_id),
        )
    )
    if track_named is not None:
        asked = asked.where(or_(track.c.key == track_named, track.c.code == track_named))
    return [board_id for board_id in connection.scalars(asked) if board_id is not None]
