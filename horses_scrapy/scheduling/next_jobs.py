"""`scheduler.py plan --next`: each track's next job and each update's next run, if nothing changes until then."""

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from horses_scrapy.clock import from_ms
from horses_scrapy.config import Settings
from horses_scrapy.scheduling.dry_run import as_posted
from horses_scrapy.scheduling.plan import Due, next_due, plan
from horses_scrapy.scheduling.snapshot import Snapshot
from horses_scrapy.updates import due

AHEAD_MS = 24 * 3_600_000
LOOKS = 500
"""At most: some tracks have nothing due for a day while others are polled each minute."""


@dataclass(frozen=True, slots=True)
class NextJob:
    """name: of a track or an update; its own time zone."""

    at: int
    name: str
    what: str
    timezone: str

    @property
    def row(self) -> tuple[str, str, str, str]:
        utc = from_ms(self.at)
        return (
            f"{utc:%m-%d %H:%M:%S}",
            f"{utc.astimezone(ZoneInfo(self.timezone)):%m-%d %H:%M %Z}",
            self.name,
            self.what,
        )


HEADERS = ("UTC", "local", "of", "what")


def following(settings: Settings, seen: Snapshot) -> list[NextJob]:
    """By time."""
    jobs: dict[str, NextJob] = {}
    for one in _dues(seen, round(settings.scheduler.window * 1000), len(seen.watched), jobs):
        jobs[one.track] = NextJob(one.due_at, one.track, what(one), settings.tracks[one.track].timezone)
    return sorted([*jobs.values(), *_updates(settings, seen.now_ms)], key=lambda job: (job.at, job.name))


def _dues(seen: Snapshot, window_ms: int, count: int, known: dict[str, NextJob]) -> Iterator[Due]:
    """The first of each track that is not known yet: as if each were posted when it is due."""
    past, at = list(seen.past), seen.now_ms
    for _ in range(LOOKS):
        for one in plan(at, seen.watched, seen.races, past, window_ms):
            past.append(as_posted(one))
            if one.track not in known:
                yield one
        at = next_due(at, seen.watched, seen.races, past, window_ms)
        if len(known) == count or at >= seen.now_ms + AHEAD_MS:
            return


def what(one: Due) -> str:
    """`card`, `near, races 3,4`, `window of 300 s every 15 s, race 3`."""
    races = ",".join(map(str, one.races))
    which = f", race{'s' if len(one.races) > 1 else ''} {races}" if races else ""
    if one.until_at is None or one.every is None:
        return f"{one.kind}{which}"
    return f"{one.kind} of {(one.until_at - one.due_at) // 1000} s every {one.every / 1000:g} s{which}"


def _updates(settings: Settings, now_ms: int) -> Iterator[NextJob]:
    for name in settings.updates.NAMES:
        told = settings.updates.of(name)
        at = due.next_due(told.cron, told.timezone, now_ms) if told.enabled else None
        if at is not None:
            yield NextJob(at, name, f"update ({told.cron})", told.timezone)
