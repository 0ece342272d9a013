"""Which tracks of a batch of crawls failed: of an update, or of what was queued together with a run."""

from collections.abc import Iterable

from sqlalchemy import Connection, Row, select

from horses_scrapy.storage.runs import GOOD
from horses_scrapy.storage.schema import crawl_run, slot, update_run
from horses_scrapy.storage.slots import FAILED


def of_update(connection: Connection, update_run_id: int) -> frozenset[str] | None:
    """Tracks of which a job of the update failed; None where there is no such update."""
    if connection.scalar(select(update_run.c.update_run_id).where(update_run.c.update_run_id == update_run_id)) is None:
        return None
    query = (
        select(slot.c.track, slot.c.state, crawl_run.c.outcome)
        .select_from(slot.outerjoin(crawl_run, crawl_run.c.run_id == slot.c.run_id))
        .where(slot.c.update_run_id == update_run_id)
    )
    return _failed(connection.execute(query))


def with_run(connection: Connection, run_id: int, within_ms: int) -> frozenset[str] | None:
    """Of the polls of the run's kind and trigger that were due within so long of it; None where there is no such run.

    A crawl by hand stands alone.
    """
    run = connection.execute(select(crawl_run).where(crawl_run.c.run_id == run_id)).one_or_none()
    if run is None:
        return None
    if run.due_at is None:
        return frozenset() if _well(run.outcome) else frozenset({run.track})
    query = (
        select(slot.c.track, slot.c.state, crawl_run.c.outcome)
        .select_from(slot.outerjoin(crawl_run, crawl_run.c.run_id == slot.c.run_id))
        .where(
            slot.c.kind == run.kind,
            slot.c.trigger == run.trigger,
            slot.c.due_at.between(run.due_at - within_ms, run.due_at + within_ms),
        )
    )
    return _failed(connection.execute(query))


def _failed(rows: Iterable[Row[tuple[str, str, str | None]]]) -> frozenset[str]:
    return frozenset(row.track for row in rows if row.state == FAILED or not _well(row.outcome))


def _well(outcome: str | None) -> bool:
    """So does what still runs."""
    return outcome is None or outcome in GOOD
