"""Who is due now. Pure: instants are epoch milliseconds, and nothing here knows a time zone.

A slot is a due instant on a grid of `k * interval + phase`. While a race of a track is near its post the track lives on
the near grid, else on the card grid. A poll of the whole card that is owed while a race is near takes the place of one
near poll: the card holds every race, so neither starves and a track has one slot at a time.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from horses_scrapy.clock import from_ms
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.storage.slots import CARD, FAILED, NEAR

NOT_NEAR = frozenset({"official", "cancelled", "postponed"})
"""Race statuses that ask for no polling near the post; unofficial does: final odds come after the off."""
STALE_INTERVALS = 2
"""A track whose last slot is older than this many of the longer interval counts as never polled."""
NO_POST = -86_400.0


class RaceState(NamedTuple):
    """A stored race, as far as scheduling needs it. `post_time` is epoch milliseconds."""

    track: str
    race_date: str
    race_number: int
    post_time: int | None
    status: str


class PastSlot(NamedTuple):
    """A slot that was written. `at` is its due instant on the clock as it stands now, `due_at` as it was written."""

    track: str
    kind: str
    due_at: int
    at: int
    state: str


@dataclass(frozen=True, slots=True)
class Due:
    """A poll to queue now. `races` is empty for the whole card; a higher priority starts first."""

    track: str
    kind: str
    due_at: int
    races: tuple[int, ...]
    job_id: str
    priority: float


@dataclass(frozen=True, slots=True)
class Grid:
    """Due instants `k * interval + phase`, and how late a poll may be: half the interval, then the next one is nearer."""

    interval: int
    phase: int

    @property
    def half(self) -> int:
        return self.interval // 2

    def at_or_before(self, instant: int) -> int:
        return instant - (instant - self.phase) % self.interval

    def at_or_after(self, instant: int) -> int:
        return self.at_or_before(instant + self.interval - 1)


class Track:
    """What scheduling knows of one track at `now`; `rank` of `count` sets its phase, so that tracks do not start together.

    A slot of the future is no reason to wait for it: the clock was set back.
    """

    def __init__(
        self, key: str, now: int, rank: int, count: int,
        races: Iterable[RaceState], slots: Iterable[PastSlot], told: Scraping,
    ) -> None:  # fmt: skip
        own = [slot for slot in slots if slot.track == key]
        past = [slot for slot in own if slot.at <= now]
        self.key, self.now, self._told = key, now, told
        self.card = _grid(told.default_interval, rank, count)
        self.near = _grid(told.near_post_interval, rank, count)
        self.races = [race for race in races if race.track == key]
        self.taken = frozenset(slot.due_at for slot in own)
        self.last = max((slot.at for slot in past), default=None)
        self.last_card = max((slot.at for slot in past if slot.kind == CARD and slot.state != FAILED), default=None)

    def near_races(self, at: int) -> list[RaceState]:
        return near_races(self.races, at, self._told)

    def slot(self) -> tuple[int, str] | None:
        """The newest slot that is due and not yet too late: its instant and kind."""
        if self._unpolled():
            return self.now - self.now % 1000, CARD
        near = self.near.at_or_before(self.now)
        if self.near_races(near) and self._free(near, self.near):
            return near, CARD if self._card_owed(near) else NEAR
        card = self.card.at_or_before(self.now)
        if not self.near_races(card) and self._free(card, self.card):
            return card, CARD
        return None

    def next_slot(self) -> int:
        """The first instant after `now` at which a slot falls due, if nothing changes until then."""
        if self.last is None or self._unpolled():
            return self.now
        earliest = max(self.now + 1, self.last + self.near.half)
        opens = (max(earliest, opening) for opening in _openings(self.races, self._told))
        near = [slot for slot in map(self.near.at_or_after, opens) if self.near_races(slot)]
        card = self.card.at_or_after(max(self.now + 1, self.last + self.card.half))
        return min([card, self.last + self._stale_after + 1, *near])

    @property
    def _stale_after(self) -> int:
        return STALE_INTERVALS * max(self.card.interval, self.near.interval)

    def _unpolled(self) -> bool:
        return self.last is None or self.now - self.last > self._stale_after

    def _free(self, slot: int, grid: Grid) -> bool:
        assert self.last is not None
        return self.now - slot <= grid.half and slot - self.last >= grid.half

    def _card_owed(self, at: int) -> bool:
        return self.last_card is None or self.card.at_or_after(self.last_card + self.card.half) <= at


def near_races(races: Iterable[RaceState], at: int, told: Scraping) -> list[RaceState]:
    """Races that ask for the near cadence at an instant, nearest post first."""
    before, after = told.near_post_threshold * 1000, told.after_post_cap * 1000
    posts = [(race, race.post_time) for race in races if race.post_time is not None and race.status not in NOT_NEAR]
    near = [(abs(post - at), race) for race, post in posts if post - before <= at <= post + after]
    return [race for _, race in sorted(near, key=lambda pair: pair[0])]


def priority(races: Iterable[RaceState], at: int) -> float:
    """Minus the seconds between an instant and the nearest post, before it or after it, of the races not over."""
    posts = (race.post_time for race in races if race.status not in NOT_NEAR and race.post_time is not None)
    return max((-abs(post - at) / 1000 for post in posts), default=NO_POST)


def plan(
    now_ms: int, tracks: Collection[str], races: Collection[RaceState], slots: Collection[PastSlot], config: Scraping
) -> list[Due]:
    """What to queue now, nearest post first: at most one poll per track. `tracks` are all that are watched."""
    found = [_due(track) for track in _tracks(now_ms, tracks, races, slots, config)]
    return sorted((due for due in found if due is not None), key=lambda due: (-due.priority, due.track))


def next_due(
    now_ms: int, tracks: Collection[str], races: Collection[RaceState], slots: Collection[PastSlot], config: Scraping
) -> int:
    """The first instant after now at which a track falls due: what a loop may sleep until."""
    return min(track.next_slot() for track in _tracks(now_ms, tracks, races, slots, config))


def job_id(track: str, kind: str, due_at: int) -> str:
    return f"{track}-{kind}-{from_ms(due_at):%Y%m%dt%H%M%Sz}"


def _tracks(
    now: int, keys: Collection[str], races: Collection[RaceState], slots: Collection[PastSlot], told: Scraping
) -> Iterator[Track]:
    for rank, key in enumerate(sorted(keys)):
        yield Track(key, now, rank, len(keys), races, slots, told)


def _due(track: Track) -> Due | None:
    slot = track.slot()
    if slot is None:
        return None
    due_at, kind = slot
    races = tuple(sorted({race.race_number for race in track.near_races(due_at)})) if kind == NEAR else ()
    while due_at in track.taken:  # the clock was set back: an instant is lived again, and needs a name of its own
        due_at -= 1000
    return Due(track.key, kind, due_at, races, job_id(track.key, kind, due_at), priority(track.races, track.now))


def _openings(races: Iterable[RaceState], told: Scraping) -> Iterator[int]:
    return (race.post_time - told.near_post_threshold * 1000 for race in races if race.post_time is not None)


def _grid(interval: int, rank: int, count: int) -> Grid:
    """Whole seconds, because a job id names them."""
    return Grid(interval * 1000, rank * interval // count * 1000)
