"""The race, and what each source says of its state. The first source of a race is its primary: race follows it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from horses_scrapy.clock import to_ms
from horses_scrapy.config import Track
from horses_scrapy.items import AnyItem, RaceItem
from horses_scrapy.storage import changes, identity
from horses_scrapy.storage.changes import Sighting
from horses_scrapy.storage.schema import race, race_source, source
from horses_scrapy.storage.schema import track as track_table

_ORDER = ("postponed", "scheduled", "open", "closed", "unofficial", "official")
_FIRST = "scheduled"
_OFF = frozenset({"closed", "unofficial", "official"})


@dataclass(frozen=True, slots=True)
class RaceKey:
    """The race of an item, as one source sees it."""

    race_id: int
    source_id: int
    is_primary: bool
    status: str
    """As this source had it before the item."""
    new: bool = False
    """Whether this very item made the race: what it says is then no change."""


def sighting_of(item: AnyItem, run_id: int | None, now_ms: int) -> Sighting:
    card = item if isinstance(item, RaceItem) else None
    return Sighting(
        at=to_ms(item.fetched_at),
        now_ms=now_ms,
        run_id=run_id,
        history=card is not None and card.history,
        from_cache=card is not None and card.from_cache,
    )


def advances(old: str, new: str) -> bool:
    """Whether a race's status may go from `old` to `new`: forward, or to cancelled or postponed."""
    if old == new:
        return False
    if new in {"cancelled", "postponed"}:
        return True
    return old != "cancelled" and _ORDER.index(new) > _ORDER.index(old)


def resolve(connection: Connection, item: AnyItem, track: Track, sighting: Sighting) -> RaceKey:
    """The race and this source's row of it, made where they are new."""
    return _known(connection, item, track) or _made(connection, item, track, sighting)


def _known(connection: Connection, item: AnyItem, track: Track) -> RaceKey | None:
    """In one look, because every board takes it: None where anything is new, or told otherwise than it is stored."""
    told = {f"track_{name}": value for name, value in identity.told_of_track(track).items()}
    told |= {f"source_{name}": value for name, value in identity.told_of_source(item.source).items()}
    told |= {"track_key": track.key, "source_name": item.source.name, "of_date": item.race_date.isoformat()}
    row = connection.execute(_KNOWN, {**told, "of_number": item.race_number}).one_or_none()
    return None if row is None else RaceKey(row.race_id, row.source_id, bool(row.is_primary), row.status)


def _made(connection: Connection, item: AnyItem, track: Track, sighting: Sighting) -> RaceKey:
    track_id = identity.track_id(connection, track, sighting.now_ms)
    source_id = identity.source_id(connection, item.source)
    race_id, new = _race_id(connection, track_id, item.race_date, item.race_number, sighting)
    rows = connection.execute(select(race_source).where(race_source.c.race_id == race_id))
    known = {row.source_id: row for row in rows}
    if source_id in known:
        return RaceKey(race_id, source_id, bool(known[source_id].is_primary), known[source_id].status)
    connection.execute(
        insert(race_source).values(
            race_id=race_id,
            source_id=source_id,
            source_key=item.source_key if isinstance(item, RaceItem) else "",
            url=item.url,
            is_primary=int(not known),
            status=_FIRST,
        )
    )
    return RaceKey(race_id, source_id, not known, _FIRST, new)


def _race_id(connection: Connection, track_id: int, day: date, number: int, sighting: Sighting) -> tuple[int, bool]:
    key = {"track_id": track_id, "race_date": day.isoformat(), "race_number": number}
    known = connection.scalar(select(race.c.race_id).where(*(race.c[name] == value for name, value in key.items())))
    if known is not None:
        return int(known), False
    made = identity.inserted(connection, race, **key, created_at=sighting.now_ms, updated_at=sighting.now_ms)
    return made, True


def set_status(connection: Connection, key: RaceKey, status: str, sighting: Sighting) -> None:
    """Move the source's status forward, and the race's with it where the source is primary."""
    if advances(key.status, status) and not sighting.from_cache and not _superseded(connection, key, sighting):
        own = (race_source.c.race_id == key.race_id, race_source.c.source_id == key.source_id)
        connection.execute(update(race_source).where(*own).values(status=status))
        if key.is_primary:
            touch(connection, key.race_id, {"status": status}, sighting)
        if key.is_primary and not key.new:
            changes.record(connection, sighting, key.race_id, None, "status", key.status, status)
    note_instants(connection, key, status, sighting)


def _superseded(connection: Connection, key: RaceKey, sighting: Sighting) -> bool:
    return key.is_primary and changes.outdated(connection, sighting, key.race_id, None, "status")


def note_instants(connection: Connection, key: RaceKey, status: str, sighting: Sighting) -> None:
    """off_at and official_at: the earliest sighting of the primary source, in whatever order sightings arrive."""
    if status not in _OFF or sighting.history or not key.is_primary:
        return
    row = connection.execute(select(race.c.off_at, race.c.official_at).where(race.c.race_id == key.race_id)).one()
    touch(connection, key.race_id, _earlier(row, status, sighting.at), sighting)


def _earlier(row: Any, status: str, at: int) -> dict[str, Any]:
    found = {}
    if row.off_at is None or at < row.off_at:
        found["off_at"] = at
    if status == "official" and (row.official_at is None or at < row.official_at):
        found["official_at"] = at
    return found


def touch(connection: Connection, race_id: int, values: dict[str, Any], sighting: Sighting) -> None:
    if values:
        one = race.c.race_id == race_id
        connection.execute(update(race).where(one).values(**values, updated_at=sighting.now_ms))


# Built once: that costs more than running it.
_KNOWN = (
    select(race.c.race_id, source.c.source_id, race_source.c.is_primary, race_source.c.status)
    .select_from(race_source.join(race).join(track_table).join(source))
    .where(
        track_table.c.key == bindparam("track_key"),
        *(track_table.c[name].is_not_distinct_from(bindparam(f"track_{name}")) for name in identity.TRACK_COLUMNS),
        source.c.name == bindparam("source_name"),
        *(source.c[name] == bindparam(f"source_{name}") for name in identity.SOURCE_COLUMNS),
        race.c.race_date == bindparam("of_date"),
        race.c.race_number == bindparam("of_number"),
    )
)
