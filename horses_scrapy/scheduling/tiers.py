"""What a race asks for as its post comes near, and when a day's racing hours are. Instants are epoch milliseconds."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from horses_scrapy.config.cadence import INTERVALS, Scraping

OVER = frozenset({"official", "cancelled", "postponed"})
"""Race statuses that ask for no polling near the post; unofficial does: final odds come after the off."""
CALLED_OFF = frozenset({"cancelled", "postponed"})
BEFORE_THE_OFF = frozenset({"scheduled", "open"})
OFF_MS = 60_000
"""How long after the off its own tier lasts: T-0 to T+60, both polled."""
SECOND = 1000
NO_POST = -86_400.0
EVER = 1 << 60


class RaceState(NamedTuple):
    """A stored race, as far as scheduling needs it. off_at: its first board that was not open."""

    track: str
    race_date: str
    race_number: int
    post_time: int | None
    status: str
    off_at: int | None = None
    official_at: int | None = None

    @property
    def off(self) -> int | None:
        """When it went off, as far as is known, else when it should. Whole seconds, because a job id names them."""
        instant = self.post_time if self.off_at is None else self.off_at
        return None if instant is None else -(-instant // SECOND) * SECOND


class Stretch(NamedTuple):
    """From start up to end a race asks for a poll every `interval` milliseconds; None: for none, its off is too near.

    anchor: the off, where the instants are counted from it. near: the race's own board is asked for, not the card.
    """

    number: int
    start: int
    end: int
    interval: int | None
    near: bool
    anchor: int | None = None


class Hours(NamedTuple):
    """A track's racing hours on one day of its card: from `opens` up to `closes`."""

    opens: int
    closes: int


def shortest_ms(told: Scraping) -> int:
    """No poll of a track follows another sooner: no interval is below the floor of its source."""
    intervals: list[int] = [getattr(told, name) for name in INTERVALS]
    return min(intervals) * SECOND


def stretches(race: RaceState, told: Scraping) -> Iterator[Stretch]:
    """The tiers of one race, by time; none of a race that is over."""
    if race.status in OVER:
        return
    off = race.off
    if off is None or race.post_time is None:
        yield Stretch(race.race_number, -EVER, EVER, told.default_interval * SECOND, near=False)
        return
    post = race.post_time
    quiet = off - shortest_ms(told) + SECOND
    begins = [
        (-EVER, told.far_interval, False),
        (post - told.far_threshold * SECOND, told.default_interval, False),
        (post - told.near_post_threshold * SECOND, told.near_post_interval, True),
        (post - told.last_minutes_threshold * SECOND, told.last_minutes_interval, True),
    ]
    ends = [*(start for start, _, _ in begins[1:]), quiet]
    for (start, interval, near), end in zip(begins, ends, strict=True):
        if start < min(end, quiet):
            yield Stretch(race.race_number, start, min(end, quiet), interval * SECOND, near)
    yield Stretch(race.race_number, quiet, off, None, near=True)
    over = off + OFF_MS + SECOND
    yield Stretch(race.race_number, off, over, told.off_interval * SECOND, near=True, anchor=off)
    later = told.last_minutes_interval if _drags(race) else told.after_post_interval
    if over < given_up_at(race, told):
        yield Stretch(race.race_number, over, given_up_at(race, told), later * SECOND, near=True)


def given_up_at(race: RaceState, told: Scraping) -> int:
    """The end of a race that never becomes official: nothing is asked for from then on."""
    assert race.post_time is not None
    assert race.off is not None
    return max(race.post_time + told.after_post_cap * SECOND, race.off + OFF_MS) + 1


def _drags(race: RaceState) -> bool:
    """Whether it has not gone off, once its post is past."""
    return race.off_at is None and race.status in BEFORE_THE_OFF


def near_races(races: Iterable[RaceState], at: int, told: Scraping) -> list[RaceState]:
    """Races that ask for the near cadence at an instant, nearest post first."""
    near = [
        (abs(race.post_time - at), race) for race in races if race.post_time is not None and _is_near(race, at, told)
    ]
    return [race for _, race in sorted(near, key=lambda pair: pair[0])]


def _is_near(race: RaceState, at: int, told: Scraping) -> bool:
    if race.status in OVER or race.post_time is None or race.off is None:
        return False
    return min(race.post_time - told.near_post_threshold * SECOND, race.off) <= at < given_up_at(race, told)


def priority(races: Iterable[RaceState], at: int) -> float:
    """Minus the seconds between an instant and the nearest post, before it or after it, of the races not over."""
    posts = (race.post_time for race in races if race.status not in OVER and race.post_time is not None)
    return max((-abs(post - at) / 1000 for post in posts), default=NO_POST)


def racing_hours(races: Iterable[RaceState], told: Scraping) -> list[Hours]:
    """Of one track, by its card: a span for each day that has a race with a post time."""
    days: defaultdict[str, list[RaceState]] = defaultdict(list)
    for race in races:
        if race.post_time is not None and race.status not in CALLED_OFF:
            days[race.race_date].append(race)
    return sorted(_hours(day, told) for day in days.values())


def _hours(day: list[RaceState], told: Scraping) -> Hours:
    posts = [race.post_time for race in day if race.post_time is not None]
    last = max(_over_at(race, told) for race in day)
    return Hours(min(posts) - told.hours_before * SECOND, last + told.hours_after * SECOND)


def _over_at(race: RaceState, told: Scraping) -> int:
    assert race.off is not None
    if race.status != "official":
        return given_up_at(race, told)
    return min(race.off if race.official_at is None else race.official_at, given_up_at(race, told))
