"""Money into pools. Bets arrive between two boards and only add; a scratch refunds what was on the horse."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from math import exp
from random import Random
from typing import TypeVar

from horses_scrapy.simulator.card import Race
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.timeline import LATE_MONEY

Pair = tuple[str, str]
Key = TypeVar("Key")

E_FOLDING = 210.0
"""Seconds in which the pools grow by e before the off: about nine tenths of the money comes in the last eight minutes."""
SHOWN_AT_OFF = 0.86
"""Share of the final pools that shows when the gate opens; the rest appears while the race is run."""
PLUNGE = 0.6
"""Share of the late money that is on the steamer."""
RAMP = (360, 60)
"""Seconds before the first announced post between which the early opinion turns into the late one."""
POOL_SIZE = {"place": 0.4, "show": 0.3, "exacta": 0.9}
"""Final pools as multiples of the win pool."""
FLATTER = {"win": 1.0, "place": 0.8, "show": 0.65}
"""Chances to be in the first two or three differ less than chances to win."""
TICK_NOISE = 0.45
CELL_NOISE = 0.35
OPENING = {"win": 2.0, "place": 2.0, "show": 2.0, "exacta": 1.0}
"""Dollars on everything in the first tick, so that nothing is without a price once wagering is on."""
DOLLAR = 100


@dataclass(frozen=True, slots=True)
class Pools:
    """Cents in each pool: by interest for win, place and show, by (first, second) for the exacta. Whole dollars."""

    win: Mapping[str, int]
    place: Mapping[str, int]
    show: Mapping[str, int]
    exacta: Mapping[Pair, int]


class _Money:
    """Dollars as bet, with fractions: whole dollars show, and the rest is on its way."""

    def __init__(self, race: Race, dice: Random) -> None:
        self.dice = dice
        self.size = dice.uniform(70_000, 140_000)
        self.straight = {pool: dict.fromkeys(race.labels, 0.0) for pool in FLATTER}
        self.exacta: dict[Pair, float] = dict.fromkeys(permutations(race.labels, 2), 0.0)

    def refund(self, out: Iterable[str]) -> None:
        for label in out:
            for amounts in self.straight.values():
                amounts.pop(label, None)
            self.exacta = {pair: amount for pair, amount in self.exacta.items() if label not in pair}

    def open(self) -> None:
        for pool, amounts in self.straight.items():
            _add(amounts, dict.fromkeys(amounts, OPENING[pool]))
        _add(self.exacta, dict.fromkeys(self.exacta, OPENING["exacta"]))

    def bet(self, volume: float, flow: Mapping[str, float]) -> None:
        """Add `volume` (a share of the final pools), spread by `flow`; exactas follow the win pool as it now stands."""
        for pool, amounts in self.straight.items():
            weights = {label: flow[label] ** FLATTER[pool] * self._noise(TICK_NOISE) for label in amounts}
            _add(amounts, _spread(weights, volume * self.size * POOL_SIZE.get(pool, 1.0)))
        chances = harville(_spread(self.straight["win"], 1.0))
        noisy = {pair: chance * self._noise(CELL_NOISE) for pair, chance in chances.items()}
        _add(self.exacta, _spread(noisy, volume * self.size * POOL_SIZE["exacta"]))

    def shown(self) -> Pools:
        straight = {pool: _whole(amounts) for pool, amounts in self.straight.items()}
        return Pools(straight["win"], straight["place"], straight["show"], _whole(self.exacta))

    def _noise(self, sigma: float) -> float:
        return self.dice.lognormvariate(0, sigma)


def harville(win: Mapping[str, float]) -> dict[Pair, float]:
    """P(first, second) = p_first x p_second / (1 - p_first), from chances that sum to 1."""
    return {(first, second): win[first] * win[second] / (1 - win[first]) for first, second in permutations(win, 2)}


def board_times(plan: Plan, race: Race) -> Iterator[dt.datetime]:
    """A board each cycle from the opening to the first that shows all the late money."""
    at = race.times.opens
    while at < race.times.money_ends:
        yield at
        at += dt.timedelta(seconds=plan.cycle)
    yield at


def run(plan: Plan, race: Race) -> list[tuple[dt.datetime, Pools]]:
    """Every board's instant and pools; the first has no money."""
    money = _Money(race, plan.dice("money", race.number))
    boards: list[tuple[dt.datetime, Pools]] = []
    before: dt.datetime | None = None
    for at in board_times(plan, race):
        out = race.scratched_at(at)
        money.refund(out)
        if before is not None:
            if len(boards) == 1:
                money.open()
            money.bet(volume(race, at) - volume(race, before), flow(race, at, out))
        boards.append((at, money.shown()))
        before = at
    return boards


def volume(race: Race, at: dt.datetime) -> float:
    """Share of the final pools that shows at an instant."""
    after_off = (at - race.times.off).total_seconds()
    if after_off < 0:
        return SHOWN_AT_OFF * exp(after_off / E_FOLDING)
    return SHOWN_AT_OFF + (1 - SHOWN_AT_OFF) * min(1.0, after_off / LATE_MONEY)


def flow(race: Race, at: dt.datetime, out: frozenset[str]) -> dict[str, float]:
    """Where the next win money goes, by interest; sums to 1 before the off and for each field after a scratch."""
    ramp = _ramp((race.times.post - at).total_seconds())
    mixed = {
        label: opinion.early * (1 - ramp) + opinion.late * ramp
        for label, opinion in race.opinions.items()
        if label not in out
    }
    if at >= race.times.off:
        mixed = {label: share * (1 - PLUNGE) for label, share in _spread(mixed, 1.0).items()}
        mixed[race.steamer] += PLUNGE
    return _spread(mixed, 1.0)


def _ramp(to_post: float) -> float:
    start, end = RAMP
    return min(1.0, max(0.0, (start - to_post) / (start - end)))


def _spread(weights: Mapping[Key, float], amount: float) -> dict[Key, float]:
    total = sum(weights.values())
    return {key: weight / total * amount for key, weight in weights.items()}


def _add(amounts: dict[Key, float], more: Mapping[Key, float]) -> None:
    for key, amount in more.items():
        amounts[key] += amount


def _whole(amounts: Mapping[Key, float]) -> dict[Key, int]:
    return {key: int(amount) * DOLLAR for key, amount in amounts.items()}
