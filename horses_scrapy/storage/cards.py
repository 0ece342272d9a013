"""store_race: a card's race and its entries."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select, update

from horses_scrapy.clock import to_ms
from horses_scrapy.config import Track
from horses_scrapy.errors import StoreError
from horses_scrapy.items import OUT, Entry, RaceItem
from horses_scrapy.storage import changes, identity, races
from horses_scrapy.storage.changes import Sighting
from horses_scrapy.storage.names import name_key
from horses_scrapy.storage.races import RaceKey
from horses_scrapy.storage.schema import betting_interest, entry, horse, race, race_source


def store_race(connection: Connection, item: RaceItem, track: Track, *, run_id: int | None, now_ms: int) -> int:
    """Upsert the race and its entries; the race's id.

    The race's primary source rules; another source adds what is missing. What the item leaves out (a None, an entry
    that is not listed, no entries at all) stays as it is. Each changed field leaves a `change` row.
    """
    sighting = races.sighting_of(item, run_id, now_ms)
    key = races.resolve(connection, item, track, sighting)
    _name_source(connection, key, item)
    _store_race_fields(connection, key, item, sighting)
    races.set_status(connection, key, item.status, sighting)
    _store_entries(connection, key, item, sighting)
    return key.race_id


def _name_source(connection: Connection, key: RaceKey, item: RaceItem) -> None:
    flags = {"from_cache": item.from_cache, "fallback": item.fallback}
    wanted = {
        "source_key": item.source_key,
        "url": item.url,
        "flags": ",".join(flag for flag, is_so in flags.items() if is_so),
    }
    own = (race_source.c.race_id == key.race_id, race_source.c.source_id == key.source_id)
    row = connection.execute(select(race_source).where(*own)).mappings().one()
    if any(row[name] != value for name, value in wanted.items()):
        connection.execute(update(race_source).where(*own).values(**wanted))


def _store_race_fields(connection: Connection, key: RaceKey, item: RaceItem, sighting: Sighting) -> None:
    row: Any = connection.execute(select(race).where(race.c.race_id == key.race_id)).mappings().one()
    shown = {
        "name": item.name,
        "post_time": None if item.post_time is None else to_ms(item.post_time),
        "race_type": item.race_type,
        "surface": item.surface,
    }
    if not key.is_primary:
        shown = {field: value for field, value in shown.items() if row[field] is None}
    values = changes.moved(connection, sighting, key.race_id, None, row, shown)
    for field, value in values.items():
        if not key.new:
            changes.record(connection, sighting, key.race_id, None, field, row[field], value)
    races.touch(connection, key.race_id, values, sighting)


def _store_entries(connection: Connection, key: RaceKey, item: RaceItem, sighting: Sighting) -> None:
    _refuse_repeated(item.entries, item)
    interests = identity.interest_ids(connection, key.race_id, (one.label for one in item.entries))
    known = _known_entries(connection, key.race_id)
    for one in item.entries:
        row = known.get(one.program_number)
        if row is None:
            _insert(connection, key.race_id, one, interests[one.label], item, sighting)
        elif key.is_primary:
            _change(connection, key.race_id, row, one, interests[one.label], item, sighting)
        else:
            _fill(connection, row, one, sighting)


def _refuse_repeated(entries: Iterable[Entry], item: RaceItem) -> None:
    seen: set[str] = set()
    for one in entries:
        if one.program_number in seen:
            raise StoreError(
                f"{item.track} {item.race_date} R{item.race_number}: the card lists {one.program_number} twice: {item.url}"
            )
        seen.add(one.program_number)


def _known_entries(connection: Connection, race_id: int) -> dict[str, Any]:
    rows = connection.execute(
        select(entry, betting_interest.c.label, horse.c.name.label("horse"), horse.c.name_key)
        .join(betting_interest, betting_interest.c.interest_id == entry.c.interest_id)
        .join(horse, horse.c.horse_id == entry.c.horse_id)
        .where(entry.c.race_id == race_id)
    )
    return {row["program_number"]: row for row in rows.mappings()}


def _details(one: Entry) -> dict[str, Any]:
    """The columns that are stored as the card has them."""
    return {
        "jockey": one.jockey,
        "trainer": one.trainer,
        "morning_line_odds": one.morning_line,
        "post_position": one.post_position,
        "reduction_factor": one.reduction_factor,
    }


def _insert(
    connection: Connection, race_id: int, one: Entry, interest_id: int, item: RaceItem, sighting: Sighting
) -> None:
    identity.inserted(
        connection,
        entry,
        race_id=race_id,
        horse_id=identity.horse_id(connection, one, item.source.name, sighting.now_ms),
        interest_id=interest_id,
        program_number=one.program_number,
        **_details(one),
        status=one.status,
        scratched_at=_scratched_at(one, sighting),
        created_at=sighting.now_ms,
        updated_at=sighting.now_ms,
    )


def _scratched_at(one: Entry, sighting: Sighting) -> int | None:
    if one.status not in OUT:
        return None
    return sighting.at if one.scratched_at is None else to_ms(one.scratched_at)


def _change(
    connection: Connection, race_id: int, row: Any, one: Entry, interest_id: int, item: RaceItem, sighting: Sighting
) -> None:
    shown = {"status": one.status, "label": one.label, "horse": one.horse, **_details(one)}  # a scratch is seen first
    if name_key(one.horse) == row["name_key"]:
        del shown["horse"]  # the same horse, printed otherwise
    fields = changes.moved(connection, sighting, race_id, row["entry_id"], row, shown)
    for field, value in fields.items():
        changes.record(connection, sighting, race_id, row["entry_id"], field, row[field], value)
    values = dict(fields)
    if values.pop("label", None) is not None:
        values["interest_id"] = interest_id
    if values.pop("horse", None) is not None:
        values["horse_id"] = identity.horse_id(connection, one, item.source.name, sighting.now_ms)
    if "status" in values and (one.status in OUT) != (row["status"] in OUT):
        values["scratched_at"] = _scratched_at(one, sighting)
    _update(connection, row, values, sighting)


def _fill(connection: Connection, row: Any, one: Entry, sighting: Sighting) -> None:
    """Another source's card: only what the first one's left empty, and no `change`, for nothing changed."""
    missing = {field: value for field, value in _details(one).items() if row[field] is None and value is not None}
    _update(connection, row, missing, sighting)


def _update(connection: Connection, row: Any, values: dict[str, Any], sighting: Sighting) -> None:
    if values:
        one = entry.c.entry_id == row["entry_id"]
        connection.execute(update(entry).where(one).values(**values, updated_at=sighting.now_ms))
