"""A race day on the pure plan, in compressed time: what each poll saw is all that the next plan knows."""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from plan_driver import HOUR, MINUTE, OWN, PUBLIC, SECOND, written

from horses_scrapy.clock import from_ms, to_ms
from horses_scrapy.scheduling.plan import Due, PastSlot, RaceState, Watched, next_due, plan
from horses_scrapy.storage.slots import WINDOW

ZONES = (
    "America/New_York", "America/Los_Angeles", "Europe/London", "Europe/Paris", "Asia/Hong_Kong", "Pacific/Auckland",
)  # fmt: skip
NIGHT = to_ms(datetime(2026, 3, 29, 1, tzinfo=ZoneInfo("UTC")))
"""In Europe the clocks go from 01:00 to 02:00 and from 02:00 to 03:00; the day around it is looked at."""
WINDOW_MS = 300 * SECOND
LEASE_MS = 60 * SECOND
SEEN_LATE_MS = 10 * MINUTE


@dataclass
class Truth:
    """A race as it goes. posts: (told at, post), by time."""

    track: str
    day: str
    number: int
    posts: list[tuple[int, int]]
    off: int
    official: int
    cancelled_at: int | None = None

    def state(self, at: int, before: RaceState | None) -> RaceState:
        """What a poll sees."""
        status = self._status(at)
        off_at, official_at = (None, None) if before is None else (before.off_at, before.official_at)
        if off_at is None and status in {"closed", "unofficial", "official"}:
            off_at = at
        if official_at is None and status == "official":
            official_at = at
        post = [post for told, post in self.posts if told <= at][-1]
        return RaceState(self.track, self.day, self.number, post, status, off_at, official_at)

    def _status(self, at: int) -> str:
        if self.cancelled_at is not None and at >= self.cancelled_at:
            return "cancelled"
        steps = ((self.official, "official"), (self.off + 90 * SECOND, "unofficial"), (self.off, "closed"))
        return next((status for since, status in steps if at >= since), "open")


def tracks_of(count: int = 20) -> dict[str, tuple[str, bool]]:
    """Track -> zone, and whether it is one's own: 15 s after the off, else 30."""
    return {f"t{number:02}": (ZONES[number % len(ZONES)], number % 4 == 0) for number in range(count)}


def day_of(start: int, hours: float) -> list[Truth]:
    """Races from an hour after the start on, at all tracks but the last.

    t01 has a moved post, t02 a cancelled race, every third race drags for up to eight minutes.
    """
    apart = 27 if hours < 12 else 70
    races = []
    for place, (track, (zone, _)) in enumerate(list(tracks_of().items())[:-1]):
        first = start + HOUR + place * 97 * SECOND // MINUTE * MINUTE
        posts = range(first, start + round((hours - 1) * HOUR), apart * MINUTE)
        day = from_ms(first).astimezone(ZoneInfo(zone)).date().isoformat()
        for number, post in enumerate(posts, 1):
            drag = (number * 37 + place * 53) % 480 if number % 3 == 0 else 0
            off = post + drag * SECOND
            races.append(Truth(track, day, number, [(0, post)], off, off + 6 * MINUTE))
    moved = next(race for race in races if race.track == "t01" and race.number == 2)
    later = moved.posts[0][1] + 12 * MINUTE
    moved.posts.append((later - 17 * MINUTE, later))
    moved.off, moved.official = later, later + 5 * MINUTE
    gone = next(race for race in races if race.track == "t02" and race.number == 2)
    gone.cancelled_at = gone.posts[0][1] - 7 * MINUTE
    return races


@dataclass
class RaceDay:
    """The loop, scrapyd and the site. kills: instants at which all jobs that run die; their leases lapse a minute later."""

    races: list[Truth]
    start: int
    end: int
    kills: tuple[int, ...] = ()
    known: dict[tuple[str, int], RaceState] = field(default_factory=dict)
    dues: list[Due] = field(default_factory=list)
    polls: list[tuple[int, str, tuple[int, ...]]] = field(default_factory=list)
    _watched: list[Watched] = field(default_factory=lambda: list(watched_tracks()))
    _past: dict[str, PastSlot] = field(default_factory=dict)
    _old: dict[str, PastSlot] = field(default_factory=dict)
    _queue: list[tuple[int, str, str, tuple[int, ...]]] = field(default_factory=list)

    @property
    def slots(self) -> dict[str, PastSlot]:
        return self._old | self._past

    def run(self) -> "RaceDay":
        now = self.start
        while now <= self.end:
            self._crawl(now)
            slots = self._recent(now)
            for due in plan(now, self._watched, list(self.known.values()), slots, WINDOW_MS):
                self.dues.append(due)
                self._past[due.job_id] = written(due)
                for at in range(due.due_at, due.until_at or due.due_at + 1, due.every or 1):
                    heapq.heappush(self._queue, (at, due.track, due.job_id, due.races))
            self._crawl(now)
            now = self._following(now)
        return self

    def _following(self, now: int) -> int:
        """When something falls due, is polled or becomes known, as the loop's looks find it."""
        following = next_due(now, self._watched, list(self.known.values()), self._recent(now), WINDOW_MS)
        seen = [at for at, *_ in self._queue[:1]] + [at + LEASE_MS for at in self.kills]
        return min([following, *(at for at in seen if at > now)])

    def _crawl(self, now: int) -> None:
        while self._queue and self._queue[0][0] <= now:
            at, track, job, numbers = heapq.heappop(self._queue)
            if self._killed(job, at):
                continue
            self.polls.append((at, track, numbers))
            asked = [race for race in self.races if race.track == track and (not numbers or race.number in numbers)]
            for race in asked:
                self.known[track, race.number] = race.state(at, self.known.get((track, race.number)))
            states = {self.known[track, race.number].status for race in asked}
            if numbers and states <= {"official", "cancelled"}:
                self._end(job, at + SECOND)

    def _killed(self, job: str, at: int) -> bool:
        began = self._past[job].at
        return any(began < kill <= at for kill in self.kills) or self._past[job].ended is not None

    def _end(self, job: str, at: int) -> None:
        if self._past[job].ended is None:
            self._past[job] = self._past[job]._replace(ended=at)

    def _recent(self, now: int) -> list[PastSlot]:
        for job, slot in self._past.items():
            for kill in self.kills:
                if slot.at < kill < (slot.until_at or 0) and now >= kill + LEASE_MS:
                    self._end(job, kill)
        newest = {(slot.track, slot.kind): job for job, slot in self._past.items()}
        kept = set(newest.values())
        for job in [job for job, slot in self._past.items() if slot.at <= now - 20 * MINUTE and job not in kept]:
            self._old[job] = self._past.pop(job)
        return list(self._past.values())


def watched_tracks() -> Iterator[Watched]:
    fast = OWN.with_changes({"last_minutes_interval": 15})
    for key, (zone, own) in tracks_of().items():
        yield Watched(key, fast if own else PUBLIC, tuple(card_times(zone)))


def card_times(zone: str) -> Iterator[int]:
    for count in (-1, 0, 1, 2):
        day = from_ms(NIGHT).astimezone(ZoneInfo(zone)).date() + timedelta(days=count)
        for hour in (6, 10):
            yield local(day, hour, zone)


def local(day: date, hour: int, zone: str) -> int:
    return to_ms(datetime.combine(day, time(hour), tzinfo=ZoneInfo(zone)))


@pytest.fixture(
    scope="module", params=[pytest.param(2.6, id="quick"), pytest.param(12.0, id="whole", marks=pytest.mark.slow)]
)
def day(request) -> RaceDay:
    hours = request.param
    start = NIGHT - 2 * HOUR if hours < 12 else NIGHT - 9 * HOUR
    return RaceDay(day_of(start, hours), start, start + round(hours * HOUR)).run()


def polled(day: RaceDay, race: Truth) -> list[int]:
    """When the race's board was asked for, by itself or with the whole card."""
    return [at for at, track, numbers in day.polls if track == race.track and (not numbers or race.number in numbers)]


def finished(day: RaceDay) -> list[Truth]:
    return [race for race in day.races if race.cancelled_at is None and race.official + SEEN_LATE_MS < day.end]


def test_no_slot_is_planned_twice_and_no_two_of_a_track_are_live(day):
    assert Counter(due.job_id for due in day.dues).most_common(1)[0][1] == 1
    slots = day.slots
    for track in tracks_of():
        own = [due for due in day.dues if due.track == track]
        for before, after in pairwise(own):
            ended = slots[before.job_id].ended
            assert before.until_at is None or min(before.until_at, ended or before.until_at) <= after.due_at
            assert before.due_at < after.due_at


def test_no_track_is_polled_more_often_than_its_floor_allows(day):
    for track, (_, own) in tracks_of().items():
        at = [at for at, of, _ in day.polls if of == track]
        floor = (15 if own else 30) * SECOND
        assert min((after - before for before, after in pairwise(at)), default=floor) >= floor


def test_every_instant_of_every_off_is_polled_once(day):
    for race in finished(day):
        post = race.posts[-1][1]
        step = (15 if tracks_of()[race.track][1] else 30) * SECOND
        seen = polled(day, race)
        assert seen.count(post) == 1, race
        off = day.known[race.track, race.number].off
        assert off - race.off <= 90 * SECOND, "a race that drags is looked at each minute, and a half after T+60"
        for instant in range(off, off + 61 * SECOND, step):
            near = [at for at in seen if abs(at - instant) < step]
            assert near, (race, instant)
            assert seen.count(instant) <= 1


def test_near_a_post_no_poll_is_missed(day):
    for race in finished(day):
        post = race.posts[-1][1]
        at = [one for one in polled(day, race) if post - 10 * MINUTE <= one <= post - 2 * MINUTE]
        assert {after - before for before, after in pairwise(at)} <= {MINUTE}, race
        assert len(at) in {7, 8, 9}, race  # the first is passed over where a card was read half a minute before
        rest = [one for one in polled(day, race) if post - 2 * MINUTE <= one <= race.official + 90 * SECOND]
        assert max(after - before for before, after in pairwise(rest)) <= 90 * SECOND
        assert day.known[race.track, race.number].status == "official"
        assert day.known[race.track, race.number].official_at - race.official <= 61 * SECOND


def test_a_post_that_moves_takes_its_polls_along(day):
    race = next(race for race in day.races if len(race.posts) == 2)
    (_, first), (told, moved) = race.posts
    near = [due for due in day.dues if due.track == race.track and race.number in due.races]
    assert near[0].due_at == min(due.due_at for due in near if due.due_at >= first - 10 * MINUTE)
    knew = min(at for at in polled(day, race) if at >= told)
    assert not [due for due in near if knew < due.due_at < moved - 10 * MINUTE]


def test_a_cancelled_race_is_asked_for_no_more(day):
    race = next(race for race in day.races if race.cancelled_at is not None)
    knew = min(at for at in polled(day, race) if at >= race.cancelled_at)
    own = [due for due in day.dues if due.track == race.track]
    assert [due for due in own if race.number in due.races and due.due_at <= knew]
    assert not [due for due in own if race.number in due.races and due.due_at > knew]


def test_a_track_without_races_has_its_card_read_at_its_own_times_alone(day):
    idle, (zone, _) = list(tracks_of().items())[-1]
    at = [at for at, track, _ in day.polls if track == idle]
    assert at[0] == day.start, "it was never polled"
    assert at[1:] == [one for one in sorted(card_times(zone)) if day.start < one <= day.end]


def test_windows_are_rare_and_polls_are_many(day):
    """What the windows are for: in the minutes after an off, one job in place of three or five."""
    kinds = Counter(due.kind for due in day.dues)
    inside = sum(-(-(due.until_at - due.due_at) // due.every) for due in day.dues if due.kind == WINDOW)
    assert kinds[WINDOW] * 2 < inside


def test_jobs_that_are_killed_have_successors():
    """Twice in the last minutes and after offs, every job that runs dies."""
    start = NIGHT - 2 * HOUR
    races = day_of(start, 2.6)
    kills = (races[0].posts[0][1] + 20 * SECOND, races[0].posts[0][1] + 4 * MINUTE + 20 * SECOND)
    day = RaceDay(races, start + 50 * MINUTE, kills[1] + 4 * MINUTE, kills).run()
    cut = [
        slot
        for slot in day.slots.values()
        if slot.until_at is not None and any(slot.at < k < slot.until_at for k in kills)
    ]
    assert cut, "no window was killed: the test shows nothing"
    assert Counter(due.job_id for due in day.dues).most_common(1)[0][1] == 1
    for slot in cut:
        assert slot.ended is not None
        kill = next(kill for kill in kills if slot.at < kill < slot.until_at)
        following = min(due.due_at for due in day.dues if due.track == slot.track and due.due_at > slot.at)
        assert following <= kill + LEASE_MS + MINUTE
