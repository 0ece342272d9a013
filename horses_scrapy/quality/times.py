"""Times as the report prints them."""

from zoneinfo import ZoneInfo

from horses_scrapy.clock import from_ms
from horses_scrapy.storage.quality.facts import RaceFacts


def clock_time(at: int, race: RaceFacts) -> str:
    """`16:58:02`, at the track."""
    return f"{from_ms(at).astimezone(ZoneInfo(race.timezone)):%H:%M:%S}"


def lasted(milliseconds: int) -> str:
    """`45 s`, `7.5 min`, `3.2 h`."""
    seconds = milliseconds / 1000
    if seconds < 120:
        return f"{seconds:g} s" if milliseconds % 1000 == 0 else f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
