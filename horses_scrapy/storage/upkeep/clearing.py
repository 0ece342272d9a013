"""What else is old: races to thin, items that were refused, runs that nothing refers to, slots, empty pages of the file."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from horses_scrapy.storage.schema import (
    board,
    change,
    crawl_run,
    fill_rate,
    host_use,
    meta,
    race,
    race_source,
    rejected_item,
    slot,
    synced_day,
)

PRUNED_BEFORE = "pruned_before"
"""Key in meta: races before this date at the track (ISO) may be thinned."""


def races_before(connection: Connection, day: date) -> list[tuple[int, int]]:
    """Race and source ids."""
    rows = connection.execute(
        select(race_source.c.race_id, race_source.c.source_id)
        .join(race, race.c.race_id == race_source.c.race_id)
        .where(race.c.race_date < day.isoformat())
        .order_by(race_source.c.race_id, race_source.c.source_id)
    )
    return [(row.race_id, row.source_id) for row in rows]


def pruned_before(connection: Connection) -> str | None:
    found: str | None = connection.scalar(select(meta.c.value).where(meta.c.key == PRUNED_BEFORE))
    return found


def note_pruned(connection: Connection, day: date) -> None:
    """Before the first board goes: a prune that ends early has thinned races too."""
    until = max(pruned_before(connection) or "", day.isoformat())
    connection.execute(delete(meta).where(meta.c.key == PRUNED_BEFORE))
    connection.execute(insert(meta).values(key=PRUNED_BEFORE, value=until))


def refused_before(connection: Connection, at_ms: int) -> list[int]:
    """Ids of rejected items."""
    return list(connection.scalars(select(rejected_item.c.rejected_id).where(rejected_item.c.at < at_ms)))


def runs_before(connection: Connection, at_ms: int) -> list[int]:
    """Those that no board, change or newer rejected item came from; the newest of a track says when it was seen last."""
    newest = select(func.max(crawl_run.c.run_id)).group_by(crawl_run.c.track)
    rejected = select(rejected_item.c.run_id).where(rejected_item.c.run_id.is_not(None), rejected_item.c.at >= at_ms)
    return list(
        connection.scalars(
            select(crawl_run.c.run_id)
            .where(
                crawl_run.c.started_at < at_ms,
                crawl_run.c.finished_at.is_not(None),
                crawl_run.c.run_id.not_in(select(board.c.run_id).where(board.c.run_id.is_not(None))),
                crawl_run.c.run_id.not_in(select(change.c.run_id).where(change.c.run_id.is_not(None))),
                crawl_run.c.run_id.not_in(rejected),
                crawl_run.c.run_id.not_in(select(synced_day.c.run_id).where(synced_day.c.run_id.is_not(None))),
                crawl_run.c.run_id.not_in(newest),
            )
            .order_by(crawl_run.c.run_id)
        )
    )


def slots_before(connection: Connection, at_ms: int) -> list[str]:
    """Job ids."""
    return list(connection.scalars(select(slot.c.job_id).where(slot.c.due_at < at_ms)))


def minutes_before(connection: Connection, at_ms: int) -> list[int]:
    """Of which the requests to some host are counted."""
    return list(connection.scalars(select(host_use.c.minute_at).distinct().where(host_use.c.minute_at < at_ms)))


def drop_refused(connection: Connection, ids: Sequence[int]) -> None:
    connection.execute(delete(rejected_item).where(rejected_item.c.rejected_id.in_(ids)))


def drop_runs(connection: Connection, ids: Sequence[int]) -> None:
    connection.execute(delete(fill_rate).where(fill_rate.c.run_id.in_(ids)))
    connection.execute(delete(crawl_run).where(crawl_run.c.run_id.in_(ids)))


def drop_slots(connection: Connection, job_ids: Sequence[str]) -> None:
    connection.execute(delete(slot).where(slot.c.job_id.in_(job_ids)))


def drop_minutes(connection: Connection, minutes: Sequence[int]) -> None:
    connection.execute(delete(host_use).where(host_use.c.minute_at.in_(minutes)))


# --- SQLite's own -------------------------------------------------------------------------------------------------------


def empty_pages(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA freelist_count").scalar_one())


def give_back(connection: Connection, pages: int) -> None:
    """Empty pages to the file system. Does nothing to a file that was not made for it (PRAGMA auto_vacuum)."""
    raw: Any = connection.connection.dbapi_connection
    raw.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()  # one step a page: it must be read to its end


def file_bytes(connection: Connection) -> int:
    """Without the write-ahead log."""
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
