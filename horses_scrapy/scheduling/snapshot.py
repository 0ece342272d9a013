"""What is stored, as the plan needs it, at one instant."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.scheduling.plan import PastSlot, RaceState
from horses_scrapy.storage import queries
from horses_scrapy.storage.slots import SlotRow, recent_slots

LOOK_AHEAD_MS = 24 * 3_600_000
KEPT_INTERVALS = 3
"""How far back slots are read, in the longest of the intervals: what is older says nothing about who is due."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One instant: `now_ms` of the process's clock is `mono_ms` of the machine's; races and slots as stored then."""

    now_ms: int
    mono_ms: int
    rate: float
    races: tuple[RaceState, ...]
    slots: tuple[SlotRow, ...]

    def mono_of(self, instant: int) -> int:
        """Real milliseconds since boot at an instant of the process's clock."""
        return self.mono_ms - round((self.now_ms - instant) / self.rate)

    def at(self, slot: SlotRow) -> int:
        """The slot's due instant on the clock as it stands now.

        A clock that was set back tells a smaller age than the monotonic one, a machine that slept a greater; after a
        boot the monotonic age is negative. So the greater is right.
        """
        aged = (self.mono_ms - slot.due_mono) * self.rate
        return self.now_ms - max(self.now_ms - slot.due_at, round(aged))

    @property
    def past(self) -> list[PastSlot]:
        return [PastSlot(slot.track, slot.kind, slot.due_at, self.at(slot), slot.state) for slot in self.slots]

    def races_of(self, track: str) -> list[RaceState]:
        return [race for race in self.races if race.track == track]


def take(connection: Connection, now: Clock, settings: Settings, tracks: Collection[str]) -> Snapshot:
    """Read what matters now of the tracks that are watched."""
    now_ms, mono_ms = now.now_ms(), now.monotonic_ms()
    slots = recent_slots(connection, tracks, now_ms - _window_ms(settings))
    return Snapshot(now_ms, mono_ms, now.rate, _races(connection, now_ms, settings, tracks), tuple(slots))


def empty(now: Clock) -> Snapshot:
    """Before anything is stored."""
    return Snapshot(now.now_ms(), now.monotonic_ms(), now.rate, (), ())


def _window_ms(settings: Settings) -> int:
    told = settings.scraping
    longest = max(told.default_interval, told.near_post_interval, settings.scheduler.job_timeout)
    return round(KEPT_INTERVALS * longest * 1000)


def _races(connection: Connection, now: int, settings: Settings, tracks: Collection[str]) -> tuple[RaceState, ...]:
    since = now - settings.scraping.after_post_cap * 1000
    return tuple(
        RaceState(row.track_key, row.race_date, row.race_number, row.post_time, row.status)
        for row in queries.races_of_day(connection, None, since, now + LOOK_AHEAD_MS)
        if row.track_key in tracks
    )
