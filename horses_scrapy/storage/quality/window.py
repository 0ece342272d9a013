"""Which races are looked at: by the index of their dates, so that the rest of the history is never read."""

from dataclasses import dataclass, replace
from typing import Any, Self

from sqlalchemy import Connection, Select, or_, select

from horses_scrapy.storage.schema import meta, race, source, track

PRUNED_BEFORE = "pruned_before"
"""Of table meta: races before this date are thinned (scripts/db.py prune)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Dates at the track as ISO text, both included; or one race."""

    first: str = ""
    last: str = ""
    track: str | None = None
    race_id: int | None = None

    def of_day(self, day: str) -> Self:
        return replace(self, first=day, last=day)


def race_ids(window: Window) -> Select[tuple[int]]:
    return select(race.c.race_id).where(*_within(window))


def days(connection: Connection, window: Window) -> list[str]:
    """Of which races are stored, in order."""
    query = select(race.c.race_date).distinct().where(*_within(window)).order_by(race.c.race_date)
    return list(connection.scalars(query))


def source_names(connection: Connection) -> list[str]:
    return list(connection.scalars(select(source.c.name).order_by(source.c.name)))


def is_known(connection: Connection, track_name: str) -> bool:
    """Whether a track of this key or code is stored."""
    return connection.execute(_named(track_name)).first() is not None


def pruned_before(connection: Connection) -> str | None:
    found: str | None = connection.scalar(select(meta.c.value).where(meta.c.key == PRUNED_BEFORE))
    return found


def _within(window: Window) -> list[Any]:
    if window.race_id is not None:
        return [race.c.race_id == window.race_id]
    dates = race.c.race_date.between(window.first, window.last)
    return [dates] if window.track is None else [dates, race.c.track_id.in_(_named(window.track))]


def _named(name: str) -> Select[tuple[int]]:
    return select(track.c.track_id).where(or_(track.c.key == name, track.c.code == name.upper()))
