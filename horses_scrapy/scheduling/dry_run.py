"""`--dry-run`: what would be queued now. Writes nothing, posts nothing, does not even create the database."""

from alerts.setup import rules_of
from horses_scrapy.clock import Clock, from_ms
from horses_scrapy.config import Settings
from horses_scrapy.scheduling import snapshot
from horses_scrapy.scheduling.jobs import spider_of
from horses_scrapy.scheduling.plan import Due, PastSlot, next_due, plan
from horses_scrapy.scheduling.snapshot import Snapshot
from horses_scrapy.storage.looking import stored
from horses_scrapy.storage.slots import POSTED


def lines(settings: Settings, clock: Clock) -> list[str]:
    """One line for each job, most urgent first, and when the next one is due.

    Raises ConfigError for rules that a real start would refuse.
    """
    rules_of(settings)
    seen = look(settings, clock)
    window_ms = round(settings.scheduler.window * 1000)
    due = plan(seen.now_ms, seen.watched, seen.races, seen.past, window_ms)
    queued = [*seen.past, *map(as_posted, due)]
    following = next_due(seen.now_ms, seen.watched, seen.races, queued, window_ms) if seen.watched else None
    return [
        *(f"Not watched: {fault}" for fault in settings.track_faults),
        *([_line(one) for one in due] or ["Nothing is due now"]),
        *([f"Next: {_time(following)}"] if following is not None else []),
    ]


def once(settings: Settings) -> list[str]:
    """What `--once` would do."""
    return [f"Would crawl {spider_of(track)} once" for track in sorted(settings.enabled_tracks)] or [
        "No track is enabled"
    ]


def look(settings: Settings, clock: Clock) -> Snapshot:
    with stored(settings) as store:
        if store is None:
            return snapshot.empty(clock, settings, settings.enabled_tracks)
        with store.read() as connection:
            return snapshot.take(connection, clock, settings, settings.enabled_tracks)


def as_posted(due: Due) -> PastSlot:
    return PastSlot(due.track, due.kind, due.due_at, due.due_at, POSTED, until_at=due.until_at, every=due.every)


def _line(due: Due) -> str:
    what = f"races {','.join(map(str, due.races))}" if due.races else "the whole card"
    return f"Would queue {spider_of(due.track)}: {what}, due {_time(due.due_at)}, job {due.job_id}"


def _time(instant: int) -> str:
    return f"{from_ms(instant):%Y-%m-%d %H:%M:%SZ}"
