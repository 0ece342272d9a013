"""Days of a track that a crawl has read to their end: a long synchronisation goes on where it stopped."""

from datetime import date

from sqlalchemy import Connection, select

from horses_scrapy.storage import schema
from horses_scrapy.storage.upsert import upsert


def synced_days(connection: Connection, track: str) -> frozenset[date]:
    day = schema.synced_day
    return frozenset(
        date.fromisoformat(text) for text in connection.scalars(select(day.c.race_date).where(day.c.track == track))
    )


def record_day(connection: Connection, track: str, day: date, run_id: int, now_ms: int) -> None:
    row = {"track": track, "race_date": day.isoformat(), "run_id": run_id, "synced_at": now_ms}
    insert = upsert(schema.synced_day, connection.dialect.name).values(row)
    connection.execute(insert.on_conflict_do_update(index_elements=["track", "race_date"], set_=row))
