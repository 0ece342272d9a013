"""The tiers of a whole track, side by side: at each instant the shortest interval that one of its races asks for."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from horses_scrapy.config.cadence import Scraping
from horses_scrapy.scheduling.tiers import EVER, OVER, RaceState, Stretch, racing_hours, stretches


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


@dataclass(frozen=True, slots=True)
class Segment:
    """From start up to end a track lives on one grid; None: nothing is due by its races.

    races: whose boards are asked for; empty: the whole card. off: the instants are counted from an off, which no poll of
    the card may hold up. outside: of racing hours, where the card is read at its own times.
    """

    start: int
    end: int
    grid: Grid | None
    races: tuple[int, ...] = ()
    off: bool = False
    outside: bool = False

    def continues(self, other: "Segment") -> bool:
        """Whether the other one is more of the same."""
        return self.grid is not None and (self.grid, self.races, self.off) == (other.grid, other.races, other.off)


class Timelines:
    """Those of all tracks, each made anew only where its races or its tiers have changed: two thirds of a plan's cost."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[object, ...], Timeline]] = {}

    def of(
        self, track: str, told: Scraping, races: Sequence[RaceState], rank: int, count: int, *, card_failed: bool
    ) -> "Timeline":
        asked = (told, tuple(races), rank, count, card_failed)
        known = self._known.get(track)
        if known is None or known[0] != asked:
            known = self._known[track] = asked, Timeline(told, races, rank, count, card_failed=card_failed)
        return known[1]


class Timeline:
    """`rank` of `count` sets the phase, so that tracks do not start together.

    card_failed: outside racing hours the card is asked for at the far interval, until it has been read.
    """

    def __init__(
        self, told: Scraping, races: Sequence[RaceState], rank: int, count: int, *, card_failed: bool = False
    ) -> None:
        self._told, self._rank, self._count, self._card_failed = told, rank, count, card_failed
        self._stretches = [stretch for race in races for stretch in stretches(race, told)]
        self._hours = racing_hours(races, told)
        self._untimed = any(race.post_time is None and race.status not in OVER for race in races)
        ends = {end for one in self._stretches for end in (one.start, one.end)}
        self._edges = sorted(ends | {end for span in self._hours for end in span} | {-EVER, EVER})

    def grid(self, seconds: int) -> Grid:
        """Whole seconds, because a job id names them."""
        return Grid(seconds * 1000, self._rank * seconds // self._count * 1000)

    def at(self, instant: int) -> Segment:
        return self._segment(bisect_right(self._edges, instant) - 1)

    def forward(self, instant: int) -> Iterator[Segment]:
        """From the one at an instant on."""
        for place in range(bisect_right(self._edges, instant) - 1, len(self._edges) - 1):
            yield self._segment(place)

    def backward(self, instant: int) -> Iterator[Segment]:
        """From the one at an instant back."""
        for place in range(bisect_right(self._edges, instant) - 1, -1, -1):
            yield self._segment(place)

    def lasts_until(self, segment: Segment) -> int:
        """When the track's cadence, or what is polled, becomes another."""
        end = segment.end
        for later in self.forward(segment.end):
            if not segment.continues(later):
                return end
            end = later.end
        return end

    def _segment(self, place: int) -> Segment:
        start, end = self._edges[place], self._edges[place + 1]
        live = [one for one in self._stretches if one.start <= start < one.end]
        near = [one for one in live if one.near]
        if near:
            return self._near(start, end, near)
        if self._untimed or any(span.opens <= start < span.closes for span in self._hours):
            return Segment(start, end, self.grid(self._day_interval(live)))
        far = self.grid(self._told.far_interval) if self._card_failed else None
        return Segment(start, end, far, outside=True)

    def _near(self, start: int, end: int, near: list[Stretch]) -> Segment:
        if any(one.interval is None for one in near):
            return Segment(start, end, None)
        races = tuple(sorted({one.number for one in near}))
        anchors = [(one.anchor, one.interval) for one in near if one.anchor is not None and one.interval is not None]
        if anchors:
            anchor, interval = max(anchors)
            return Segment(start, end, Grid(interval, anchor % interval), races, off=True)
        shortest = min(one.interval for one in near if one.interval is not None)
        return Segment(start, end, self.grid(shortest // 1000), races)

    def _day_interval(self, live: list[Stretch]) -> int:
        """Seconds; a card whose races are all over is still looked at until the hours end."""
        asked = [one.interval for one in live if one.interval is not None]
        return min(asked, default=self._told.default_interval * 1000) // 1000
