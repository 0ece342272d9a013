"""`--dry-run`: what would be queued now. Writes nothing, posts nothing, does not even create the database."""

from contextlib import closing

from alerts.setup import rules_of
from horses_scrapy.clock import Clock, from_ms
from horses_scrapy.config import Settings
from horses_scrapy.scheduling import snapshot
from horses_scrapy.scheduling.jobs import spider_of
from horses_scrapy.scheduling.plan import Due, PastSlot, next_due, plan
from horses_scrapy.scheduling.snapshot import Snapshot
from horses_scrapy.storage.engine import Store, address_of
from horses_scrapy.storage.slots import POSTED


def lines(settings: Settings, clock: Clock) -> list[str]:
    """One line for each job, most urgent first, and when the next one is due.

    Raises ConfigError for rules that a real start would refuse.
    """
    rules_of(settings)
    tracks = sorted(settings.enabled_tracks)
    seen = _look(settings, clock)
    told = settings.scraping
    due = plan(seen.now_ms, tracks, seen.races, seen.past, told)
    queued = [PastSlot(one.track, one.kind, one.due_at, one.due_at, POSTED) for one in due]
    following = next_due(seen.now_ms, tracks, seen.races, [*seen.past, *queued], told) if tracks else None
    return [
        *(f"Not watched: {fault}" for fault in settings.track_faults),
        *([_line(one) for one in due] or ["Nothing is due now"]),
        *([f"Next: {_time(following)}"] if following is not None else []),
    ]


def _look(settings: Settings, clock: Clock) -> Snapshot:
    with closing(Store(address_of(settings))) as store:
        if store.look() is None:
            return snapshot.empty(clock)
        with store.read() as connection:
            return snapshot.take(connection, clock, settings, settings.enabled_tracks)


def _line(due: Due) -> str:
    what = f"races {','.join(map(str, due.races))}" if due.races else "the whole card"
    return f"Would queue {spider_of(due.track)}: {what}, due {_time(due.due_at)}, job {due.job_id}"


def _time(instant: int) -> str:
    return f"{from_ms(instant):%Y-%m-%d %H:%M:%SZ}"
