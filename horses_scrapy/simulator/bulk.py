"""A big sample: cards of ten runners over many days, five tracks at a time, a hundred boards of each race.

Only the money is played: what moves a price is the next bet, and a third of the prices move from board to board. Nobody is
scratched and nothing goes wrong; that is what market.py and faults.py are for.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from horses_scrapy import odds
from horses_scrapy.config import Track
from horses_scrapy.items import RaceStatus
from horses_scrapy.simulator import names

RUNNERS = 10
POLLS = 100
TRACKS = 5
RACES = 10
"""Of a card. The races of one number are run side by side at all tracks, each card's one after the other."""
OBSERVED = RUNNERS * POLLS
"""Win prices that the boards of one race show."""
EVERY_MS = 18_000
CARD_BEFORE_MS = 600_000
STAGGER_MS = EVERY_MS // TRACKS
FIRST_BOARD = dt.time(12)
ZONE = "America/New_York"

POST_POLL, OFF_POLL, OFFICIAL_POLL = 92, 94, POLLS - 1
LAST_MONEY_POLL = 97
"""Final odds come after the off; on the last boards nothing moves."""
GROWTH = 0.05
"""Of the pools from board to board."""
LITTLE, LARGEST = 0.53, 0.18
"""A bet is LITTLE / (LARGEST + chance) of its mean. So a third of the prices move from board to board."""
OPENING = 1000
"""Dollars in the win pool on the first board, about: each horse has a share of it."""
KEEP = 840
EXACTA_KEEP = 815
"""Thousandths of the pool that are paid back."""
BASE = 200
GRID_AFTER_MS = 350
CURRENCY = "USD"
LABELS = tuple(str(number) for number in range(1, RUNNERS + 1))
PAIRS = tuple((first, second) for first in range(RUNNERS) for second in range(RUNNERS) if first != second)


class Poll(NamedTuple):
    """One board, its lists in program order. Times in epoch milliseconds, prices in thousandths, money in cents.

    `payouts` are of PAIRS (places in program order), for a bet of BASE; none where exactas are not asked for.
    """

    at: int
    source_time: int
    status: RaceStatus
    minutes: int | None
    prices: list[int]
    win: list[int]
    win_total: int
    exacta_total: int
    payouts: list[int] | None

    @property
    def mtp_text(self) -> str:
        return "OFF" if self.minutes is None else f"{self.minutes} MTP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    horse: str
    jockey: str
    trainer: str
    post_position: str
    morning_line: int


def tracks() -> tuple[Track, ...]:
    return tuple(
        Track(
            key=f"sample_{number}",
            code=f"SD{number}",
            name=f"Sample Downs {number}",
            country="US",
            timezone=ZONE,
            source="demo",
            source_key=f"SD{number}",
            base_url="http://127.0.0.1:1",
            currency=CURRENCY,
        )
        for number in range(1, TRACKS + 1)
    )


@dataclass(frozen=True, kw_only=True)
class BulkPlan:
    """Whole races, at least as many as show `observed` win prices. `grids_every`: exactas on each nth board, 0 for none."""

    observed: int
    seed: int = 7
    first_day: dt.date = dt.date(2024, 1, 2)
    grids_every: int = 0

    @cached_property
    def tracks(self) -> tuple[Track, ...]:
        return tracks()

    @property
    def races(self) -> int:
        return -(-self.observed // OBSERVED)

    def bouts(self) -> Iterator[list["BulkRace"]]:
        """Races that are run side by side, by time."""
        for first in range(0, self.races, TRACKS):
            yield [BulkRace(self, number) for number in range(first, min(first + TRACKS, self.races))]


class BulkRace:
    """The race of that number of all the plan's races, from 0."""

    def __init__(self, plan: BulkPlan, number: int) -> None:
        self.plan = plan
        self.lane, bout = number % TRACKS, number // TRACKS
        self.track = plan.tracks[self.lane]
        self.number = bout % RACES + 1
        self.date = plan.first_day + dt.timedelta(days=bout // RACES)
        self._where = number

    def _dice(self, subject: str) -> Random:
        return Random(f"{self.plan.seed}/{self._where}/{subject}")  # noqa: S311 - a game, not a key

    @cached_property
    def opens(self) -> int:
        """The first board."""
        day = dt.datetime.combine(self.date, FIRST_BOARD, ZoneInfo(ZONE))
        return int(day.timestamp()) * 1000 + (self.number - 1) * POLLS * EVERY_MS + self.lane * STAGGER_MS

    @property
    def post(self) -> int:
        """The whole minute at or after its board."""
        return -(-(self.opens + POST_POLL * EVERY_MS) // 60_000) * 60_000

    @property
    def card_at(self) -> int:
        return self.opens - CARD_BEFORE_MS

    @property
    def source_key(self) -> str:
        return f"{self.track.code}/{self.date.isoformat()}/{self.number}"

    @property
    def url(self) -> str:
        return f"{self.track.base_url}/race/{self.source_key}"

    @property
    def name(self) -> str:
        return names.CONDITIONS[self.number % len(names.CONDITIONS)]

    @cached_property
    def weights(self) -> list[float]:
        """Share of the money by runner, from a favourite under 2-1 to a longshot of about 60-1."""
        dice = self._dice("weights")
        raw = [dice.lognormvariate(0, 1) for _ in LABELS]
        total = sum(raw)
        return [weight / total for weight in raw]

    @cached_property
    def runners(self) -> tuple[Runner, ...]:
        """A horse runs again: there is one for ten starts."""
        dice = self._dice("runners")
        herd = max(RUNNERS, self.plan.races)
        horses = dice.sample(range(herd), RUNNERS)
        jockeys = dice.sample(names.JOCKEYS, RUNNERS)
        posts = dice.sample(range(1, RUNNERS + 1), RUNNERS)
        return tuple(
            Runner(
                horse=horse_name(horses[place]),
                jockey=jockeys[place],
                trainer=dice.choice(names.TRAINERS),
                post_position=str(posts[place]),
                morning_line=odds.board_floor(min(51_000, int(KEEP / weight))),
            )
            for place, weight in enumerate(self.weights)
        )

    def polls(self) -> Iterator[Poll]:
        chance = self._dice("money").random
        flow = list(self.weights)
        dollars = [1 + int(OPENING * share) for share in flow]
        noise = [0.6 + 0.8 * chance() for _ in PAIRS] if self.plan.grids_every else []
        exacta = 0
        for number in range(POLLS):
            if 0 < number <= LAST_MONEY_POLL:
                volume = LITTLE * GROWTH * sum(dollars)  # often a little, at times a lot
                dollars = [
                    paid + int(volume * share / (LARGEST + chance()) + 0.5)
                    for paid, share in zip(dollars, flow, strict=True)
                ]
            total = sum(dollars)
            exacta = max(exacta, int(total * (0.85 + 0.1 * chance()))) if number <= LAST_MONEY_POLL else exacta
            yield self._poll(number, chance(), dollars, total, exacta, self._payouts(number, dollars, total, noise))

    def _poll(
        self, number: int, jitter: float, dollars: list[int], total: int, exacta: int, payouts: list[int] | None
    ) -> Poll:
        at = self.opens + number * EVERY_MS + int(2000 * jitter)
        status = status_at(number)
        pays = KEEP * total
        return Poll(
            at,
            at - 1000 - at % 8000,
            status,
            max(0, (self.post - at) // 60_000) if status == "open" else None,
            [_RUNGS[bisect_right(odds.LADDER, pays // paid)] for paid in dollars],
            [paid * 100 for paid in dollars],
            total * 100,
            exacta * 100,
            payouts,
        )

    def _payouts(self, number: int, dollars: list[int], total: int, noise: list[float]) -> list[int] | None:
        if not self.plan.grids_every or number % self.plan.grids_every:
            return None
        fair = BASE * EXACTA_KEEP / 1000 * total
        return [
            int(fair * (total - dollars[first]) / (dollars[first] * dollars[second]) * part) // 10 * 10
            for (first, second), part in zip(PAIRS, noise, strict=True)
        ]


_RUNGS = (odds.LADDER[0], *odds.LADDER)
"""By the number of rungs at or below an exact price."""


def status_at(poll: int) -> RaceStatus:
    if poll >= OFFICIAL_POLL:
        return "official"
    return "closed" if poll >= OFF_POLL else "open"


def horse_name(number: int) -> str:
    """Each number another name."""
    first = names.FIRST[number % len(names.FIRST)]
    second = names.SECOND[number // len(names.FIRST) % len(names.SECOND)]
    again = number // (len(names.FIRST) * len(names.SECOND))
    return f"{first} {second} {again + 1}" if again else f"{first} {second}"
