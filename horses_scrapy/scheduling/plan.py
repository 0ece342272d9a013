"""Who is due now. Pure: instants are epoch milliseconds, and nothing here knows a time zone.

A slot is a due instant on a grid of `k * interval + phase`; after an off the instants are counted from the off. While a
race of a track is near its post the track lives on the near grid, else on the card grid. A poll of the whole card that is
owed while a race is near takes the place of one near poll: the card holds every race, so neither starves and a track has
one slot at a time. Where the interval is short, one slot is a window: one job that polls by itself until the cadence ends.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from horses_scrapy.clock import from_ms
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.scheduling.tiers import RaceState, near_races, priority, shortest_ms
from horses_scrapy.scheduling.timeline import Segment, Timelines
from horses_scrapy.storage.slots import CARD, FAILED, NEAR, WINDOW

__all__ = [
    "Due", "PastSlot", "RaceState", "Watched", "job_id", "near_races", "next_due", "plan", "priority",
]  # fmt: skip

WINDOW_BELOW_MS = 60_000
"""Intervals shorter than this are polled in windows: a job's start would cost more than its poll."""
STALE_INTERVALS = 2
"""A track that was not polled for more than this many intervals is due at once, between two instants of its grid."""
LOOK_AHEAD_MS = 24 * 3_600_000


class Watched(NamedTuple):
    """A track, its tiers (none below the floor of its source), and when its card is read outside racing hours."""

    key: str
    cadence: Scraping
    card_times: tuple[int, ...] = ()


class PastSlot(NamedTuple):
    """A slot that was written. `at` is its due instant on the clock as it stands now, `due_at` as it was written.

    Of a window: until_at and ended (None: not known to have ended) on the clock as it stands now, every in milliseconds.
    good: false once its run is known to have ended badly, or never to come.
    """

    track: str
    kind: str
    due_at: int
    at: int
    state: str
    until_at: int | None = None
    ended: int | None = None
    good: bool = True
    every: int | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A poll to queue now. `races` is empty for the whole card; a higher priority starts first.

    A window polls at due_at + k * every (milliseconds), strictly before until_at.
    """

    track: str
    kind: str
    due_at: int
    races: tuple[int, ...]
    job_id: str
    priority: float
    until_at: int | None = None
    every: int | None = None


class Slot(NamedTuple):
    """An instant that is due, what is asked for then, and the segment of the timeline that asks."""

    at: int
    kind: str
    segment: Segment | None = None


def plan(
    now_ms: int,
    tracks: Collection[Watched],
    races: Collection[RaceState],
    slots: Collection[PastSlot],
    window_ms: int,
    timelines: Timelines | None = None,
) -> list[Due]:
    """What to queue now, nearest post first: at most one slot per track. `tracks` are all that are watched.

    timelines: of an earlier plan.
    """
    found = [_due(track, window_ms) for track in _tracks(now_ms, tracks, races, slots, timelines or Timelines())]
    return sorted((due for due in found if due is not None), key=lambda due: (-due.priority, due.track))


def next_due(
    now_ms: int,
    tracks: Collection[Watched],
    races: Collection[RaceState],
    slots: Collection[PastSlot],
    window_ms: int,  # noqa: ARG001 (asked as the plan is)
    timelines: Timelines | None = None,
) -> int:
    """The first instant after now at which a track falls due: what a loop may sleep until."""
    following = (track.next_slot() for track in _tracks(now_ms, tracks, races, slots, timelines or Timelines()))
    return min(following, default=now_ms + LOOK_AHEAD_MS)


def job_id(track: str, kind: str, due_at: int) -> str:
    return f"{track}-{kind}-{from_ms(due_at):%Y%m%dt%H%M%Sz}"


class Track:
    """What scheduling knows of one track at `now`. A slot of the future is no reason to wait for it: the clock was set back."""

    def __init__(
        self,
        told: Watched,
        now: int,
        races: Sequence[RaceState],
        slots: Sequence[PastSlot],
        rank: int,
        count: int,
        timelines: Timelines,
    ) -> None:
        past = [slot for slot in slots if slot.at <= now]
        cards = [slot for slot in past if slot.kind == CARD]
        self.key, self.now, self.races, self._card_times = told.key, now, races, told.card_times
        self.taken = frozenset(slot.due_at for slot in slots)
        self.last = max((_last_poll(slot) for slot in past), default=None)
        self._live_until = max((until for slot in past if (until := _live_until(slot, now)) is not None), default=None)
        self._card = max(cards, key=lambda slot: slot.at, default=None)
        self._last_card = max((slot.at for slot in cards if slot.state != FAILED), default=None)
        self._shortest = shortest_ms(told.cadence)
        card_failed = self._card is not None and not self._card.good
        self.timeline = timelines.of(told.key, told.cadence, races, rank, count, card_failed=card_failed)
        self._day = self.timeline.grid(told.cadence.default_interval)

    def slot(self) -> Slot | None:
        """The newest slot that is due and not yet too late."""
        if self.last is None:
            return self._at_once()
        if self._live_until is not None:
            return None
        return self._on_grid(self.last) or self._after_a_silence(self.last) or self._at_card_time()

    def next_slot(self) -> int:
        """The first instant after `now` at which a slot falls due, if nothing changes until then."""
        if self.last is None:
            return self.now
        earliest = max(self.now + 1, self._live_until or 0)
        for segment in self.timeline.forward(earliest):
            instants = [*self._instants(segment, self.last, earliest), *self._card_instants(segment, earliest)]
            within = [instant for instant in instants if max(earliest, segment.start) <= instant < segment.end]
            if within:
                return min(within)
        return self.now + LOOK_AHEAD_MS

    def _at_once(self) -> Slot:
        return Slot(self.now - self.now % 1000, CARD)

    def _on_grid(self, last: int) -> Slot | None:
        for segment in self.timeline.backward(self.now):
            if segment.grid is not None:
                newest = segment.grid.at_or_before(min(self.now, segment.end - 1))
                if newest >= segment.start:
                    fits = self.now - newest <= segment.grid.half and newest - last >= self._apart(segment)
                    return Slot(newest, self._kind(segment, newest), segment) if fits else None
            if segment.start <= last:
                break
        return None

    def _after_a_silence(self, last: int) -> Slot | None:
        ends = self._silent_until(self.timeline.at(self.now), last)
        return self._at_once() if ends is not None and ends <= self.now else None

    def _silent_until(self, segment: Segment, last: int) -> int | None:
        """When a segment has gone without a poll for too long; short intervals wait for their grid."""
        if segment.grid is None or segment.grid.interval < WINDOW_BELOW_MS or segment.off:
            return None
        return max(last, segment.start) + STALE_INTERVALS * segment.grid.interval + 1

    def _at_card_time(self) -> Slot | None:
        if not self.timeline.at(self.now).outside or not self._card_owed_outside(self.now):
            return None
        due = max(instant for instant in self._card_times if instant <= self.now)
        return Slot(due, CARD) if self.now - due <= self._day.half else self._at_once()

    def _card_owed_outside(self, at: int) -> bool:
        """Whether a card time has passed without a card, and the next one is not nearer."""
        due = max((instant for instant in self._card_times if instant <= at), default=None)
        if due is None or (self._card is not None and self._card.at >= due):
            return False
        following = min((instant for instant in self._card_times if instant > at), default=due + LOOK_AHEAD_MS)
        return at - due <= (following - due) // 2

    def _kind(self, segment: Segment, at: int) -> str:
        if not segment.races:
            return CARD
        return CARD if not segment.off and self._card_owed(at) else NEAR

    def _card_owed(self, at: int) -> bool:
        return self._last_card is None or self._day.at_or_after(self._last_card + self._day.half) <= at

    def _apart(self, segment: Segment) -> int:
        """What lies between two polls at least: the second one is of this segment. The instants of an off are not passed over."""
        assert segment.grid is not None
        return self._shortest if segment.off else max(segment.grid.half, self._shortest)

    def _instants(self, segment: Segment, last: int, earliest: int) -> Iterator[int]:
        if segment.grid is not None:
            yield segment.grid.at_or_after(max(earliest, segment.start, last + self._apart(segment)))
        silent = self._silent_until(segment, last)
        if silent is not None:
            yield max(silent, earliest)

    def _card_instants(self, segment: Segment, earliest: int) -> Iterator[int]:
        if segment.outside:
            candidates = [max(earliest, segment.start), *self._card_times]
            yield from (at for at in candidates if at >= earliest and self._card_owed_outside(at))


def _tracks(
    now: int,
    tracks: Collection[Watched],
    races: Collection[RaceState],
    slots: Collection[PastSlot],
    timelines: Timelines,
) -> Iterator[Track]:
    own_races: defaultdict[str, list[RaceState]] = defaultdict(list)
    own_slots: defaultdict[str, list[PastSlot]] = defaultdict(list)
    for race in races:
        own_races[race.track].append(race)
    for slot in slots:
        own_slots[slot.track].append(slot)
    for rank, told in enumerate(sorted(tracks, key=lambda track: track.key)):
        yield Track(told, now, own_races[told.key], own_slots[told.key], rank, len(tracks), timelines)


def _due(track: Track, window_ms: int) -> Due | None:
    slot = track.slot()
    if slot is None:
        return None
    due_at, kind, segment = slot
    while due_at in track.taken:  # the clock was set back: an instant is lived again, and needs a name of its own
        due_at -= 1000
    races = segment.races if kind == NEAR and segment is not None else ()
    window = _window(track, slot, window_ms)
    kind = kind if window is None else WINDOW
    until_at, every = window or (None, None)
    urgency = priority(track.races, track.now)
    return Due(track.key, kind, due_at, races, job_id(track.key, kind, due_at), urgency, until_at, every)


def _window(track: Track, slot: Slot, window_ms: int) -> tuple[int, int] | None:
    """Its end and interval; None: one poll by itself. It ends with its cadence, or where other races are polled."""
    segment = slot.segment
    if slot.kind != NEAR or segment is None or segment.grid is None or segment.grid.interval >= WINDOW_BELOW_MS:
        return None
    until = min(slot.at + window_ms, track.timeline.lasts_until(segment))
    every = segment.grid.interval
    return (until, every) if until > max(track.now, slot.at + every) else None


def _last_poll(slot: PastSlot) -> int:
    """When a slot's last poll was due; a window's as far as it came."""
    if slot.until_at is None or slot.every is None or slot.state == FAILED:
        return slot.at
    until = slot.until_at if slot.ended is None else min(slot.until_at, slot.ended)
    return slot.at + max(0, until - slot.at - 1) // slot.every * slot.every


def _live_until(slot: PastSlot, now: int) -> int | None:
    """When a window that polls, or is about to, ends; None for what does not."""
    if slot.until_at is None or slot.until_at <= now or slot.ended is not None or slot.state == FAILED:
        return None
    return slot.until_at
