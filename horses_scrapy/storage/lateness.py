"""How far each slot came, and when, in real milliseconds since boot."""

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from horses_scrapy.config.updates import Updates
from horses_scrapy.storage.schema import crawl_run, slot, track
from horses_scrapy.storage.slots import CARD, NEAR, POLL, WINDOW

KINDS = (CARD, NEAR, WINDOW, POLL, *Updates.NAMES)
STAGES = ("queued", "started", "requested", "responded", "committed")


@dataclass(frozen=True, slots=True)
class Reached:
    """`instants`: due, then STAGES; None: not reached, or not noted."""

    kind: str
    instants: tuple[int | None, ...]


def reached(connection: Connection, since_ms: int, until_ms: int) -> list[Reached]:
    """The slots due in between that a run of the scheduler's own machine claimed: other clocks since boot differ."""
    query = (
        select(slot.c.kind, slot.c.due_mono, *(slot.c[f"{stage}_mono"] for stage in STAGES))
        .select_from(slot.outerjoin(crawl_run, crawl_run.c.run_id == slot.c.run_id))
        .where(
            slot.c.track.in_(select(track.c.key)),
            slot.c.kind.in_(KINDS),
            slot.c.due_at >= since_ms,
            slot.c.due_at < until_ms,
            slot.c.run_id.is_not(None),
            or_(slot.c.node.is_(None), crawl_run.c.node.is_(None), slot.c.node == crawl_run.c.node),
        )
    )
    return [Reached(row[0], tuple(row[1:])) for row in connection.execute(query)]
