"""A race day of 20 tracks in 6 zones, the night the clocks change, in simulated time against the real database.

scrapyd is a fake that dies twice: a job that it had taken and not started is lost, those that ran go on as orphans.
"""

import dataclasses
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from horses_scrapy import config
from horses_scrapy.clock import to_ms
from horses_scrapy.storage import schema
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.runs import Ending, Run, Superseded

START = to_ms(datetime(2026, 10, 31, 22, tzinfo=UTC))  # the US clocks go back at 06:00 and 09:00 UTC
HOURS = 12
MINUTE = 60_000
ZONES = (
    "America/New_York", "America/Los_Angeles", "Europe/London", "Asia/Tokyo", "Australia/Melbourne", "Pacific/Auckland",
)  # fmt: skip
TRACKS = 20
RACES = 8
OFFICIAL_AFTER = 5 * MINUTE
DRAG, MOVED, CANCELLED = ("t03", 2), ("t07", 4), ("t11", 5)
DEATHS = (START + 4 * 60 * MINUTE + 7000, START + 8 * 60 * MINUTE + 31_000)
AWAY = 10_000
TICK = 10_000
BLOCK = """  {key}: {{code: {code}, name: {key}, country: US, timezone: {zone}, source: demo, source_key: {code},
    currency: USD, base_url: "http://127.0.0.1:9"}}
"""
ENDING = Ending(
    outcome="ok", reason=None, degraded=False, requests=1, boards=1, rejected=0, errors=0,
    first_request_mono=None, committed_mono=None,
)  # fmt: skip


@dataclass
class Card:
    """A race as the world has it. off: when it really starts; move: (instant, post time) as the site tells it then."""

    track: str
    number: int
    race_id: int
    post: int
    off: int
    move: tuple[int, int] | None = None
    cancelled_at: int | None = None
    told: str = "open"

    def status(self, now):
        if self.cancelled_at is not None and now >= self.cancelled_at:
            return "cancelled"
        return "open" if now < self.off else "closed" if now < self.off + OFFICIAL_AFTER else "official"


def card_of(track, number, race_id, post):
    made = Card(track, number, race_id, post, post)
    if (track, number) == DRAG:
        made.off = post + 4 * MINUTE
        made.move = (post + MINUTE // 2, made.off)
    if (track, number) == MOVED:
        made.off = post + 15 * MINUTE
        made.move = (post - 20 * MINUTE, made.off)
    if (track, number) == CANCELLED:
        made.cancelled_at = post - 5 * MINUTE
    return made


@dataclass
class Job:
    run: Run
    ends_at: int
    orphan: bool = False


@dataclass
class World:
    """Races that are run, and the jobs of a scrapyd that may be dead."""

    store: object
    clock: object
    fake: object
    cards: list[Card]
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    jobs: dict[str, Job] = field(default_factory=dict)
    superseded: int = 0
    lost: dict[int, str] = field(default_factory=dict)

    def step(self):
        self._races()
        self._end_jobs()
        alive = not any(death <= self.clock.at < death + AWAY for death in DEATHS)
        if not alive and not self.fake.failing:
            self._die()
        self.fake.failing[:] = [] if alive else ["down"]
        if alive:
            self._start_jobs()

    def _die(self):
        """What runs is nobody's child any more."""
        self.fake.running.clear()
        self.fake.finished.clear()
        self.jobs = {job_id: dataclasses.replace(job, orphan=True) for job_id, job in self.jobs.items()}

    def _lose_one(self):
        """Just before it dies, scrapyd takes a job out of its queue and does not start it.

        None of the minute after an off: that one would be given up, because the next is due before anybody can miss it.
        """
        dying = [death for death in DEATHS if self.clock.at <= death < self.clock.at + TICK]
        off = {f"track_{card.track}" for card in self.cards if -TICK <= self.clock.at - card.off <= 80_000}
        waiting = [job_id for job_id, spider in self.fake.pending.items() if spider not in off]
        if waiting and dying and dying[0] not in self.lost:
            del self.fake.pending[waiting[0]]
            self.lost[dying[0]] = waiting[0]

    def _start_jobs(self):
        self._lose_one()
        for job_id, spider in list(self.fake.pending.items()):
            del self.fake.pending[job_id]
            run = Run.begin(
                self.store, self.clock, spider=spider, track=spider.removeprefix("track_"), source="demo", job_id=job_id
            )
            try:
                run.take_lease()
            except Superseded:
                self.superseded += 1
                run.end(dataclasses.replace(ENDING, outcome="superseded", boards=0))
                continue
            self.fake.running[job_id] = spider
            self.jobs[job_id] = Job(run, self.clock.at + self.dice.randint(1000, 8000))

    def _end_jobs(self):
        for job_id, job in list(self.jobs.items()):
            if job.ends_at <= self.clock.at:
                job.run.end(ENDING)
                spider = self.fake.running.pop(job_id, None)
                if spider is not None and not job.orphan:
                    self.fake.finished[job_id] = spider
                del self.jobs[job_id]

    def _races(self):
        now = self.clock.at
        for card in self.cards:
            if card.move is not None and now >= card.move[0]:
                card.post, card.move = card.move[1], None
                self._write(card, post_time=card.post)
            if card.status(now) != card.told:
                card.told = card.status(now)
                self._write(card, status=card.told, **({"off_at": now} if card.told == "closed" else {}))

    def _write(self, card, **values):
        with self.store.write() as connection:
            connection.execute(update(schema.race).where(schema.race.c.race_id == card.race_id).values(values))


@pytest.fixture
def day(tmp_path, make_scheduler, fake, clock, cards_in):
    folder = tmp_path / "config"
    folder.mkdir()
    keys = [f"t{number:02}" for number in range(TRACKS)]
    blocks = "".join(
        BLOCK.format(key=key, code=key.upper(), zone=ZONES[number % len(ZONES)]) for number, key in enumerate(keys)
    )
    (folder / "config.yaml").write_text("logging: {dir: '-'}\nscheduler: {window: 0}\n")
    (folder / "alerts.yaml").write_text("rules: []\n")
    (folder / "tracks.yaml").write_text(f"sources: {{demo: {{}}}}\ntracks:\n{blocks}")
    settings = config.load(folder / "config.yaml", environ={})
    clock.at, clock.boot = START, START - 1_000_000_000
    store = open_store(settings, clock)
    made = []
    for number, key in enumerate(keys):
        first = START + (30 + 25 * number) * MINUTE
        for race in range(RACES):
            post = first + race * 28 * MINUTE
            race_id = cards_in(store).race(
                key, race + 1, post, day=f"{datetime.fromtimestamp(post / 1000, UTC):%Y-%m-%d}"
            )
            made.append(card_of(key, race + 1, race_id, post))
    yield World(store, clock, fake, made), make_scheduler(settings, store, fake, clock)
    store.close()


def run_day(world, scheduler):
    """A look each tick, no sooner: a poll is up to ten seconds late, and the day takes minutes."""
    while world.clock.at < START + HOURS * 60 * MINUTE:
        world.step()
        scheduler.look()
        world.step()
        world.clock.at += TICK


@pytest.mark.slow
def test_every_planned_slot_near_a_post_is_polled_exactly_once(day):
    world, scheduler = day
    run_day(world, scheduler)
    with world.store.read() as connection:
        slots = connection.execute(select(schema.slot).order_by(schema.slot.c.due_at)).all()
        runs = connection.execute(select(schema.crawl_run)).all()
    near = [row for row in slots if row.kind == "near"]
    good = Counter(run.job_id for run in runs if run.outcome == "ok")
    assert len(near) > 2000
    assert [row.job_id for row in near if row.state != "posted" or row.run_id is None] == []
    assert {row.job_id: good[row.job_id] for row in near if good[row.job_id] != 1} == {}
    assert {row.job_id for row in slots if row.run_id is not None} >= set(world.lost.values()), "posted again"
    assert len(world.lost) == len(DEATHS)
    assert max(_lateness(near)) <= 30_000
    assert _gaps(world, slots) == []


def _lateness(rows):
    return [row.posted_at - row.due_at for row in rows]


def _gaps(world, slots):
    """Stretches near a post in which a track was not polled for a minute and a half."""
    polled = {}
    for row in slots:
        polled.setdefault(row.track, []).append(row.due_at)
    found = []
    for card in world.cards:
        until = card.off + OFFICIAL_AFTER - MINUTE
        if card.cancelled_at is not None or until > START + HOURS * 60 * MINUTE:
            continue
        times = [at for at in polled[card.track] if card.off - 9 * MINUTE <= at <= until]
        found += [(card.track, card.number, a) for a, b in pairwise(times) if b - a > 90_000]
    return found
