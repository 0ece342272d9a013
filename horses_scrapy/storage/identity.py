"""Rows that others refer to, found or made: track, source, horse, betting interest."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from horses_scrapy.config import Track
from horses_scrapy.errors import StoreError
from horses_scrapy.items import Entry, Source
from horses_scrapy.storage import schema
from horses_scrapy.storage.names import name_key, split_country


def inserted(connection: Connection, table: Table, **values: Any) -> int:
    """The new row's id."""
    key = connection.execute(insert(table), values).inserted_primary_key
    if key is None:
        raise StoreError(f"{table.name}: the database gave no id for a new row")
    return int(key[0])


TRACK_COLUMNS = ("name", "code", "url", "country", "timezone")
SOURCE_COLUMNS = ("notation", "basis")
"""Those that configuration and items tell."""


def told_of_track(track: Track) -> dict[str, str | None]:
    """By TRACK_COLUMNS."""
    return {
        "name": track.name,
        "code": track.code,
        "url": track.page,
        "country": track.country,
        "timezone": track.timezone,
    }


def told_of_source(source: Source) -> dict[str, str]:
    """By SOURCE_COLUMNS."""
    return {"notation": source.notation, "basis": source.basis}


def track_id(connection: Connection, track: Track, now_ms: int) -> int:
    wanted = told_of_track(track)
    row = connection.execute(select(schema.track).where(schema.track.c.key == track.key)).mappings().one_or_none()
    if row is None:
        return inserted(connection, schema.track, key=track.key, **wanted, created_at=now_ms, updated_at=now_ms)
    differing = {name: value for name, value in wanted.items() if row[name] != value}
    if differing:
        one = schema.track.c.track_id == row["track_id"]
        connection.execute(update(schema.track).where(one).values(**differing, updated_at=now_ms))
    return int(row["track_id"])


def source_id(connection: Connection, source: Source) -> int:
    wanted = told_of_source(source)
    row = connection.execute(select(schema.source).where(schema.source.c.name == source.name)).mappings().one_or_none()
    if row is None:
        return inserted(connection, schema.source, name=source.name, **wanted)
    if any(row[name] != value for name, value in wanted.items()):
        one = schema.source.c.source_id == row["source_id"]
        connection.execute(update(schema.source).where(one).values(**wanted))
    return int(row["source_id"])


def horse_id(connection: Connection, entry: Entry, source_name: str, now_ms: int) -> int:
    """A horse is its name, its country and, where the source has one, the source's key of it."""
    _, suffix = split_country(entry.horse)
    identity = {
        "name_key": name_key(entry.horse),
        "country": entry.horse_country or suffix,
        "source_key": f"{source_name}:{entry.horse_key}" if entry.horse_key else "",
    }
    horse = schema.horse
    known = connection.scalar(select(horse.c.horse_id).where(*(horse.c[name] == is_ for name, is_ in identity.items())))
    if known is not None:
        return int(known)
    return inserted(connection, horse, name=entry.horse, **identity, created_at=now_ms)


def interest_ids(connection: Connection, race_id: int, labels: Iterable[str]) -> dict[str, int]:
    """By label, all of the race's; those of `labels` that are new are made."""
    interest = schema.betting_interest
    known: dict[str, int] = dict(connection.execute(_INTERESTS, {"of_race": race_id}).all())
    for label in dict.fromkeys(labels):
        if label not in known:
            known[label] = inserted(connection, interest, race_id=race_id, label=label)
    return known


# Built once: that costs more than running it.
_INTERESTS = select(schema.betting_interest.c.label, schema.betting_interest.c.interest_id).where(
    schema.betting_interest.c.race_id == bindparam("of_race")
)
