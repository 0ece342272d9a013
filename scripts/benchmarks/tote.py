"""Boards of a synthetic tote as items: 12 runners, all 132 exactas, about a third of the win prices moving per poll.

Amounts grow by about GROWTH per poll; prices are the pool's own, on a board's ladder, so that no sanity check has
anything to say. The same seed gives the same boards.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations
from random import Random

from horses_scrapy.config import Track
from horses_scrapy.config.tracks import PoolTerms
from horses_scrapy.items import Entry, OddsItem, PairGrid, PairPrice, Pool, Price, RaceItem, Source
from horses_scrapy.odds import board_floor

DAY = dt.date(2026, 5, 2)
FIRST_BOARD = dt.datetime(2026, 5, 2, 16, 0, tzinfo=dt.UTC)
EVERY = dt.timedelta(seconds=30)
LABELS = tuple(str(number) for number in range(1, 13))
SOURCE = Source("demo", "board", "display")
TAKEOUTS = {"win": 0.16, "exacta": 0.185}
GROWTH = 1.015
NOISE = 1.2
PAIR_NOISE = 0.03
BASE = 200
POLLS = 100
"""Of one race: beyond, its pool would be larger than any."""


def track_of(key: str, code: str) -> Track:
    terms = {
        bet: (PoolTerms(since=dt.date(2000, 1, 1), takeout=takeout, breakage=0.1, minimum=1.05, origin="synthetic"),)
        for bet, takeout in TAKEOUTS.items()
    }
    return Track(
        key=key, code=code, name="Gulf Downs", country="US", timezone="America/New_York", source=SOURCE.name,
        source_key=code, base_url="http://127.0.0.1:1", currency="USD", pools=terms,
    )  # fmt: skip


@dataclass(slots=True)
class Market:
    """Money on each interest and pair of one race, in minor units."""

    dice: Random
    win: dict[str, int] = field(default_factory=dict)
    exacta: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weights = {label: 1 / (place + 1.5) for place, label in enumerate(self.dice.sample(LABELS, len(LABELS)))}
        self.win = {label: round(weight * 80_000) for label, weight in weights.items()}

    def bet(self) -> None:
        """Some interests get more of the new money than they had; on pairs it follows them, roughly."""
        self.win = {
            label: round(amount * (1 + (GROWTH - 1) * self.dice.lognormvariate(0, NOISE)))
            for label, amount in self.win.items()
        }
        total = sum(self.win.values())
        chances = {
            (first, second): self.win[first] * self.win[second] / (total - self.win[first]) * self._about()
            for first, second in permutations(LABELS, 2)
        }
        share = 0.6 * total / sum(chances.values())  # the pool as a whole never falls
        self.exacta = {pair: round(chance * share) for pair, chance in chances.items()}

    def _about(self) -> float:
        return self.dice.lognormvariate(0, PAIR_NOISE)


@dataclass(frozen=True, slots=True)
class Race:
    """A race of a track, and its boards."""

    track: Track
    number: int
    seed: int = 7

    def card(self) -> RaceItem:
        return RaceItem(
            track=self.track.key, race_date=DAY, race_number=self.number, source=SOURCE, source_key=str(self.number),
            url=self._url, fetched_at=FIRST_BOARD - EVERY, post_time=FIRST_BOARD + POLLS * EVERY, status="open",
            entries=tuple(_entry(label) for label in LABELS),
        )  # fmt: skip

    def boards(self, count: int) -> Iterator[OddsItem]:
        market = Market(Random(f"{self.seed}/{self.number}"))  # noqa: S311 (a game, not a key)
        for poll in range(count):
            market.bet()
            yield self._board(market, FIRST_BOARD + poll * EVERY)

    def _board(self, market: Market, at: dt.datetime) -> OddsItem:
        return OddsItem(
            track=self.track.key, race_date=DAY, race_number=self.number, source=SOURCE, url=self._url, fetched_at=at,
            source_time=at - dt.timedelta(seconds=5), status="open", prices=tuple(_prices(market.win)),
            pools=tuple(_pools(market)), grids=(_grid(market.exacta, at),),
        )  # fmt: skip

    @property
    def _url(self) -> str:
        return f"{self.track.base_url}/race/{self.number}"


def win_odds_alone(board: OddsItem) -> OddsItem:
    return replace(board, pools=(), grids=())


def _entry(label: str) -> Entry:
    return Entry(
        program_number=label, label=label, horse=f"Horse {label}", jockey=f"J. Jockey {label}",
        trainer=f"T. Trainer {label}", morning_line=board_floor(3000 * int(label)),
    )  # fmt: skip


def _prices(win: Mapping[str, int]) -> Iterator[Price]:
    net = (1 - TAKEOUTS["win"]) * sum(win.values())
    for label, amount in win.items():
        yield Price(label=label, market="win_tote", price=board_floor(int(net / amount * 1000)))


def _pools(market: Market) -> Iterator[Pool]:
    yield Pool(bet_type="win", amount=sum(market.win.values()), currency="USD")
    for label, amount in market.win.items():
        yield Pool(bet_type="win", amount=amount, currency="USD", label=label)
    yield Pool(bet_type="exacta", amount=sum(market.exacta.values()), currency="USD")


def _grid(exacta: Mapping[tuple[str, str], int], at: dt.datetime) -> PairGrid:
    net = (1 - TAKEOUTS["exacta"]) * sum(exacta.values()) * BASE
    cells = (PairPrice(first=first, second=second, payout=int(net / on)) for (first, second), on in exacta.items())
    return PairGrid(bet_type="exacta", base=BASE, currency="USD", fetched_at=at, prices=tuple(cells))
