"""What is stored, as the plan needs it, at one instant."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from horses_scrapy.clock import Clock, from_ms, to_ms
from horses_scrapy.config import Settings
from horses_scrapy.hosts import origin
from horses_scrapy.scheduling.budget import DAY_MS, MINUTE_MS, Budgets, Limits, Use, polls_between
from horses_scrapy.scheduling.plan import PastSlot, RaceState, Watched
from horses_scrapy.scheduling.tiers import OVER
from horses_scrapy.storage import planning
from horses_scrapy.storage.planning import Lease, RunState
from horses_scrapy.storage.runs import LEASE_MS
from horses_scrapy.storage.slots import CARD, FAILED, SlotRow, slots_at_hand

AROUND_MS = 24 * 3_600_000
"""Races are read this far back, for the racing hours of a day that has begun, and this far ahead."""
KEPT_INTERVALS = 3
"""How far back slots are read, in the longest of the intervals: what is older says nothing about who is due."""
SETTLED_MS = 60_000
"""How far back slots near a post are read whose run has ended, where no interval is longer: only the newest tells more."""
NEWEST_MS = 50 * 3_600_000
"""How far back the newest slot of a track is looked for: a card time comes once a day at least, which may have 25 hours."""
GOOD = frozenset({"ok", "no_card", "empty", "skipped"})
"""Outcomes of a card that need no second try."""
CARD_DAYS = (-1, 0, 1, 2)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One instant: `now_ms` of the process's clock is `mono_ms` of the machine's; races and slots as stored then."""

    now_ms: int
    mono_ms: int
    rate: float
    watched: tuple[Watched, ...] = ()
    races: tuple[RaceState, ...] = ()
    slots: tuple[SlotRow, ...] = ()
    past: tuple[PastSlot, ...] = ()
    budgets: Budgets = field(default_factory=Budgets)

    def mono_of(self, instant: int) -> int:
        """Real milliseconds since boot at an instant of the process's clock."""
        return self.mono_ms - round((self.now_ms - instant) / self.rate)

    def at(self, slot: SlotRow) -> int:
        """The slot's due instant on the clock as it stands now."""
        return at_now(slot, self.now_ms, self.mono_ms, self.rate)

    def races_of(self, track: str) -> list[RaceState]:
        return [race for race in self.races if race.track == track]

    def with_planned(self, rows: Collection[SlotRow]) -> "Snapshot":
        """And slots that were written just now."""
        if not rows:
            return self
        past = [_past(row, row.due_at, _Ending(None, good=True)) for row in rows]
        return replace(self, slots=(*self.slots, *rows), past=(*self.past, *past))

    def under_way(self, since_ms: int) -> bool:
        """Whether a slot due since then, or a window, may still come to something."""
        return any(
            slot.ended is None and slot.state != FAILED and (slot.at >= since_ms or (slot.until_at or 0) > self.now_ms)
            for slot in self.past
        )


def at_now(slot: SlotRow, now_ms: int, mono_ms: int, rate: float) -> int:
    """A slot's due instant on the clock as it stands now.

    A clock that was set back tells a smaller age than the monotonic one, a machine that slept a greater; after a boot the
    monotonic age is negative. So the greater is right.
    """
    aged = (mono_ms - slot.due_mono) * rate
    return now_ms - max(now_ms - slot.due_at, round(aged))


class Terms:
    """What the settings say of the tracks that are watched, worked out once."""

    def __init__(self, settings: Settings, tracks: Collection[str]) -> None:
        self.settings, self.tracks = settings, tuple(sorted(tracks))
        self.cadences = {key: settings.cadence(key) for key in self.tracks}
        self._zones = {key: ZoneInfo(settings.tracks[key].timezone) for key in self.tracks}
        self._watched: dict[str, tuple[dt.date, Watched]] = {}

    def watched(self, now_ms: int) -> tuple[Watched, ...]:
        """Each track's cadence, and its card times of the days around now."""
        return tuple(self._watch(key, today) for key, today in self.dates(now_ms).items())

    def dates(self, now_ms: int) -> dict[str, dt.date]:
        """Today at each track."""
        utc = from_ms(now_ms)
        return {key: utc.astimezone(zone).date() for key, zone in self._zones.items()}

    @property
    def window_ms(self) -> int:
        intervals = [one for told in self.cadences.values() for one in (told.default_interval, told.near_post_interval)]
        return round(KEPT_INTERVALS * max([*intervals, self.settings.scheduler.job_timeout]) * 1000)

    @property
    def settled_ms(self) -> int:
        near = [max(told.near_post_interval, told.last_minutes_interval) for told in self.cadences.values()]
        return max([SETTLED_MS, *(interval * 1000 for interval in near)])

    def _watch(self, key: str, today: dt.date) -> Watched:
        known = self._watched.get(key)
        if known is None or known[0] != today:
            told, zone = self.cadences[key], self._zones[key]
            days = [today + dt.timedelta(days=count) for count in CARD_DAYS]
            times = {_instant(day, time, zone) for day in days for time in told.card_times}
            known = self._watched[key] = today, Watched(key, told, tuple(sorted(times)))
        return known[1]


def take(connection: Connection, now: Clock, settings: Settings, tracks: Collection[str]) -> Snapshot:
    """Read what matters now of the tracks that are watched."""
    return take_by(Terms(settings, tracks), connection, now)


def take_by(terms: Terms, connection: Connection, now: Clock) -> Snapshot:
    settings, tracks = terms.settings, terms.tracks
    now_ms, mono_ms = now.now_ms(), now.monotonic_ms()
    slots = slots_at_hand(connection, tracks, now_ms - terms.window_ms, now_ms - terms.settled_ms)
    known = {slot.job_id: slot for slot in planning.newest_slots(connection, tracks, now_ms - NEWEST_MS)}
    known |= {slot.job_id: slot for slot in slots}
    past = [
        _past(slot, at_now(slot, now_ms, mono_ms, now.rate), ending)
        for slot, ending in _endings(connection, list(known.values()), settings, now_ms)
    ]
    races = _races(connection, now_ms, terms)
    return Snapshot(
        now_ms, mono_ms, now.rate, terms.watched(now_ms), races, tuple(slots), tuple(past),
        _budgets(connection, settings, tracks, now_ms, races, past),
    )  # fmt: skip


def empty(now: Clock, settings: Settings, tracks: Collection[str]) -> Snapshot:
    """Before anything is stored."""
    now_ms = now.now_ms()
    return Snapshot(now_ms, now.monotonic_ms(), now.rate, Terms(settings, tracks).watched(now_ms))


def _instant(day: dt.date, time: str, zone: ZoneInfo) -> int:
    """Epoch milliseconds. A time that a clock change leaves out is read as the one after it, one that comes twice as the first."""
    return to_ms(dt.datetime.combine(day, dt.time.fromisoformat(time), tzinfo=zone))


def _races(connection: Connection, now: int, terms: Terms) -> tuple[RaceState, ...]:
    dates = {key: today.isoformat() for key, today in terms.dates(now).items()}
    found = planning.races_around(connection, dates, now - AROUND_MS, now + AROUND_MS)
    return tuple(RaceState(*race) for race in found)


@dataclass(frozen=True, slots=True)
class _Ending:
    """at: when the slot's run ended, or gave its last sign of life; None: it goes on, or is yet to begin."""

    at: int | None
    good: bool


def _endings(
    connection: Connection, slots: list[SlotRow], settings: Settings, now: int
) -> Iterator[tuple[SlotRow, _Ending]]:
    runs = planning.run_states(connection, slots)
    leases = planning.leases(connection, {slot.track for slot in slots})
    patience = round(settings.scheduler.job_timeout * 1000)
    for slot in slots:
        yield slot, _ending(slot, runs.get(slot.job_id), leases.get(slot.track), now, patience)


def _ending(slot: SlotRow, run: RunState | None, lease: Lease | None, now: int, patience: int) -> _Ending:
    if slot.state == FAILED:
        return _Ending(slot.due_at, good=False)
    if run is None:
        return _Ending(None, good=slot.posted_at is None or now - slot.posted_at <= patience)
    if run.outcome is not None:
        return _Ending(run.finished_at, good=run.outcome in GOOD)
    return _Ending(_lapsed(slot, run, lease, now), good=True)


def _lapsed(slot: SlotRow, run: RunState, lease: Lease | None, now: int) -> int | None:
    """When an open run that holds its track no more was last heard of."""
    if lease is not None and lease.holder == slot.job_id:
        return lease.expires_at - LEASE_MS if lease.expires_at <= now else None
    return run.started_at if run.started_at + LEASE_MS <= now else None


def _past(slot: SlotRow, at: int, ending: _Ending) -> PastSlot:
    """On the clock as it stands now."""
    moved = at - slot.due_at
    until = None if slot.until_at is None else slot.until_at + moved
    ended = None if ending.at is None else ending.at + moved
    return PastSlot(slot.track, slot.kind, slot.due_at, at, slot.state, until, ended, ending.good, slot.every)


def _budgets(
    connection: Connection, settings: Settings, tracks: Collection[str], now: int,
    races: Iterable[RaceState], past: Iterable[PastSlot],
) -> Budgets:  # fmt: skip
    """Nothing is read where no budget is told."""
    limits = limits_of(settings, tracks)
    if not any(limit is not None for told in limits.values() for limit in told):
        return Budgets()
    hosts = {key: host_of(settings, key) for key in tracks}
    budgets = Budgets(
        hosts=hosts,
        limits=limits,
        used={},
        polls=planning.requests_per_poll(connection, tracks, now - DAY_MS),
        races={key: sum(race.track == key and race.status not in OVER for race in races) for key in tracks},
    )
    return Budgets(hosts, limits, _used(connection, budgets, past, now), budgets.polls, budgets.races)


def host_of(settings: Settings, track: str) -> str:
    return origin(settings.tracks[track].base_url)[1]


def limits_of(settings: Settings, tracks: Collection[str]) -> dict[str, Limits]:
    """By host: the lowest that a source of it is given, else that of `http`."""
    limits: dict[str, Limits] = {}
    for key in tracks:
        source = settings.sources[settings.tracks[key].source]
        per_minute, per_day = source.budget_per_minute, source.budget_per_day
        told = Limits(
            settings.http.budget_per_minute if per_minute is None else per_minute,
            settings.http.budget_per_day if per_day is None else per_day,
        )
        known = limits.get(host_of(settings, key), Limits())
        limits[host_of(settings, key)] = Limits(
            _lower(known.per_minute, told.per_minute), _lower(known.per_day, told.per_day)
        )
    return limits


def _lower(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


def _used(connection: Connection, budgets: Budgets, past: Iterable[PastSlot], now: int) -> Mapping[str, Use]:
    """What was sent, and what polls that are under way may still send."""
    hosts = set(budgets.hosts.values())
    minute = planning.host_use(connection, hosts, now - now % MINUTE_MS)
    day = planning.host_use(connection, hosts, now - now % DAY_MS)
    spoken = [(budgets.hosts[slot.track], _to_come(slot, budgets, now)) for slot in past]
    return {
        host: Use(
            minute.get(host, 0) + sum(use.minute for of, use in spoken if of == host),
            day.get(host, 0) + sum(use.day for of, use in spoken if of == host),
        )
        for host in hosts
    }


def _to_come(slot: PastSlot, budgets: Budgets, now: int) -> Use:
    if slot.ended is not None:
        return Use()
    if slot.until_at is None or slot.every is None:
        each = budgets.of_poll(slot.track, 0 if slot.kind == CARD else 1)
        return Use(each, each) if slot.at > now - MINUTE_MS else Use()
    each = budgets.of_poll(slot.track, 1)
    end_of_minute = now - now % MINUTE_MS + MINUTE_MS
    following = slot.at + polls_between(slot.at, now, slot.every) * slot.every
    return Use(
        each * polls_between(following, min(end_of_minute, slot.until_at), slot.every),
        each * polls_between(following, slot.until_at, slot.every),
    )
