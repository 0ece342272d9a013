"""Which instant of a cron expression is due: each one once, and of those that were missed only the newest.

cronsim counts as Debian's cron does: a fixed time that the clocks skip comes right after the change, one that they repeat
comes once; `*` goes on by the clock. A change of half an hour is beyond it: on Lord Howe Island, instants of that day may be lost.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from cronsim import CronSim

from horses_scrapy.clock import from_ms, to_ms


def instants(cron: str, timezone: str, after_ms: int) -> Iterator[int]:
    """Every instant after one, in order, without end."""
    start = from_ms(after_ms).astimezone(ZoneInfo(timezone))
    return map(to_ms, CronSim(cron, start))


def newest_due(cron: str, timezone: str, since_ms: int, now_ms: int) -> int | None:
    """The newest instant after `since_ms` up to now, None where there is none."""
    newest = None
    for at in instants(cron, timezone, since_ms):
        if at > now_ms:
            break
        newest = at
    return newest


def next_due(cron: str, timezone: str, after_ms: int) -> int | None:
    """The first instant after one; None for a day that no calendar has."""
    return next(instants(cron, timezone, after_ms), None)
