"""Whether a track brings what its card promises. Pure; instants are epoch milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from horses_scrapy.config.cadence import Scraping
from horses_scrapy.storage.health import LastRuns
from horses_scrapy.storage.queries import RaceOfDay

NO_RACE = frozenset({"cancelled", "postponed"})
INTERVALS = 3
"""So many polls in a row may go wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """good_at: its newest success; a window that polls for minutes has none yet, but has boards. last: its crawls."""

    key: str
    cadence: Scraping
    races: Sequence[RaceOfDay]
    good_at: int | None
    last: LastRuns = field(default_factory=LastRuns)

    @property
    def outcome(self) -> str | None:
        return self.last.outcome


@dataclass(frozen=True, slots=True)
class Freshness:
    """allowed_ms: None where nothing is expected at present. age_ms: None: no success is known."""

    allowed_ms: int | None
    age_ms: int | None

    @property
    def stale(self) -> bool:
        return self.allowed_ms is not None and (self.age_ms is None or self.age_ms > self.allowed_ms)


def freshness(track: Standing, now: int) -> Freshness:
    """The intervals of the time looked back on count too: at the change to a shorter one the last success is older."""
    age = None if track.good_at is None else now - track.good_at
    interval = interval_at(track, now)
    if interval is None:
        return Freshness(None, age)
    before = interval_at(track, now - INTERVALS * interval)
    allowed = INTERVALS * max(interval, before or 0)
    begun = interval_at(track, now - allowed) is not None
    return Freshness(allowed if begun else None, age)


def interval_at(track: Standing, at: int) -> int | None:
    """Milliseconds between two polls; None outside racing hours."""
    told = track.cadence
    spans = [(race.post_time, _over_at(race, told)) for race in track.races if race.status not in NO_RACE]
    known = [(post, over) for post, over in spans if post is not None and over is not None]
    if not known:
        return None
    first, last = min(post for post, _ in known), max(over for _, over in known)
    if not first - told.hours_before * 1000 <= at <= last + told.hours_after * 1000:
        return None
    if any(post - told.near_post_threshold * 1000 <= at <= over for post, over in known):
        return max(told.near_post_interval, told.last_minutes_interval, told.after_post_interval) * 1000
    to_next = min((post - at for post, _ in known if post >= at), default=None)
    near_enough = to_next is not None and to_next <= told.far_threshold * 1000
    return (told.default_interval if near_enough else max(told.far_interval, told.default_interval)) * 1000


def _over_at(race: RaceOfDay, told: Scraping) -> int | None:
    if race.official_at is not None:
        return race.official_at
    return None if race.post_time is None else race.post_time + told.after_post_cap * 1000
