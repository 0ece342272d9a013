"""Races as lists and pages name them, in no order. Instants are epoch milliseconds UTC."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from horses_scrapy import clock
from horses_scrapy.items import RaceStatus, RaceType, Surface
from horses_scrapy.storage.schema import race
from horses_scrapy.storage.schema import track as track_table


@dataclass(frozen=True, slots=True)
class ListedRace:
    """In the order of _RACES. track_code: as a program prints it; the key in capitals where the track has none.

    status: of its primary source.
    """

    race_id: int
    track_key: str
    track_code: str
    track_name: str
    timezone: str
    country: str | None
    race_date: str
    race_number: int
    name: str | None
    post_time: int | None
    status: RaceStatus
    off_at: int | None
    official_at: int | None
    race_type: RaceType | None
    surface: Surface | None

    def is_at(self, track: str) -> bool:
        """track: a key or a code, in any case."""
        return track.casefold() in {self.track_key.casefold(), self.track_code.casefold()}


def listed_race(connection: Connection, race_id: int) -> ListedRace | None:
    row = connection.execute(_ONE, {"of_race": race_id}).one_or_none()
    return None if row is None else _listed(row)


def races_on(connection: Connection, race_date: dt.date) -> list[ListedRace]:
    """Of a date at the track, all tracks."""
    return [_listed(row) for row in connection.execute(_OF_DATE, {"of_date": race_date.isoformat()})]


def races_around(connection: Connection, from_ms: int, to_ms: int) -> list[ListedRace]:
    """With a post time from `from_ms` up to, not including, `to_ms`; and those of these dates that have none."""
    day = dt.timedelta(days=1)  # a date at the track is at most a day away from the date in UTC
    dates = {
        "first": (clock.from_ms(from_ms) - day).date().isoformat(),
        "last": (clock.from_ms(to_ms) + day).date().isoformat(),
    }
    return [_listed(row) for row in connection.execute(_AROUND, {**dates, "from_ms": from_ms, "to_ms": to_ms})]


def _listed(row: Any) -> ListedRace:
    return ListedRace(*row)


_RACES = select(
    race.c.race_id,
    track_table.c.key,
    func.coalesce(func.nullif(track_table.c.code, ""), func.upper(track_table.c.key)),
    track_table.c.name,
    track_table.c.timezone,
    track_table.c.country,
    race.c.race_date,
    race.c.race_number,
    race.c.name,
    race.c.post_time,
    race.c.status,
    race.c.off_at,
    race.c.official_at,
    race.c.race_type,
    race.c.surface,
).join(track_table, track_table.c.track_id == race.c.track_id)
_ONE = _RACES.where(race.c.race_id == bindparam("of_race"))
_OF_DATE = _RACES.where(race.c.race_date == bindparam("of_date"))
_AROUND = _RACES.where(
    race.c.race_date.between(bindparam("first"), bindparam("last")),
    or_(
        race.c.post_time.is_(None),
        (race.c.post_time >= bindparam("from_ms")) & (race.c.post_time < bindparam("to_ms")),
    ),
)
