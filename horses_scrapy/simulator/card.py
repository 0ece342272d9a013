"""The card: races, horses, riders, morning lines, and the part that each betting interest plays in the market."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from horses_scrapy import odds
from horses_scrapy.items import Surface
from horses_scrapy.simulator import names
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.timeline import Timeline, timeline

COUPLED_RACE = 2
TAKEOUT = Fraction(16, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """`morning_line` is decimal odds in thousandths, on the board's ladder."""

    program_number: str
    label: str
    horse: str
    jockey: str
    trainer: str
    post_position: str
    morning_line: int


@dataclass(frozen=True, slots=True)
class Opinion:
    """Share of the win money that goes to an interest: early, and once the late money is in."""

    early: float
    late: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """`opinions` and `steamer` (who is bet late, and after the off) stay hidden from the site.

    surface: as the race was written; taken off the turf, it is run on dirt. new_jockey: program number and name of the rider who
    takes a mount over.
    """

    number: int
    name: str
    runners: tuple[Runner, ...]
    opinions: Mapping[str, Opinion]
    steamer: str
    scratched: str | None
    surface: Surface
    new_jockey: tuple[str, str] | None
    times: Timeline

    @property
    def labels(self) -> tuple[str, ...]:
        """Betting interests in program order."""
        return tuple(self.opinions)

    def scratched_at(self, instant: dt.datetime) -> frozenset[str]:
        """Interests that are out by then."""
        if self.scratched is None or self.times.scratch is None or instant < self.times.scratch:
            return frozenset()
        return frozenset({self.scratched})

    def surface_at(self, instant: dt.datetime) -> Surface:
        off = self.times.off_turf
        return "dirt" if off is not None and instant >= off else self.surface

    def jockey_at(self, runner: Runner, instant: dt.datetime) -> str:
        since = self.times.new_jockey
        if self.new_jockey is None or since is None or instant < since or runner.program_number != self.new_jockey[0]:
            return runner.jockey
        return self.new_jockey[1]

    def horses(self, label: str) -> str:
        return " / ".join(runner.horse for runner in self.runners if runner.label == label)


def card(plan: Plan) -> tuple[Race, ...]:
    horses = _horse_names(plan)
    return tuple(_race(plan, number, horses) for number in range(1, plan.races + 1))


def _horse_names(plan: Plan) -> list[str]:
    """More than any card needs, each once."""
    dice = plan.dice("names")
    plain = [f"{first} {second}" for first in names.FIRST for second in names.SECOND]
    dice.shuffle(plain)
    return [
        f"{name} ({dice.choice(names.BORN_ABROAD)})" if index % 9 == 4 else name for index, name in enumerate(plain)
    ]


def _race(plan: Plan, number: int, horses: list[str]) -> Race:
    dice = plan.dice("card", number)
    labels = [str(place) for place in range(1, dice.randint(8 if number == 1 else 7, 10) + 1)]
    opinions, roles = _opinions(dice, labels)
    times = timeline(plan, number)
    name = names.CONDITIONS[(plan.seed + number) % len(names.CONDITIONS)]
    runners = _runners(dice, _programme(number, labels), horses, opinions)
    return Race(
        number=number,
        name=name,
        runners=runners,
        opinions=opinions,
        steamer=roles["steamer"],
        scratched=roles["other"] if times.scratch is not None else None,
        surface="turf" if "(Turf)" in name or times.off_turf is not None else "dirt",
        new_jockey=_new_jockey(plan.dice("riders", number), runners) if times.new_jockey is not None else None,
        times=times,
    )


def _programme(number: int, labels: Sequence[str]) -> list[tuple[str, str]]:
    """(program number, label) of each horse; in one race 1 and 1A run as one interest."""
    programme = [(label, label) for label in labels]
    if number == COUPLED_RACE:
        programme.insert(1, ("1A", "1"))
    return programme


def _opinions(dice: Random, labels: Sequence[str]) -> tuple[dict[str, Opinion], dict[str, str]]:
    """Shares of the win money, each side summing to 1, and who plays which part.

    The ranges make every card worth watching: a favourite under 2-1, a steamer from about 6-1 to 5-2 and shorter, a
    drifter from 3-1 to 8-1, a longshot that ends above 50-1 (exactas with it pay thousands).
    """
    favourite, steamer, drifter, longshot, *others = dice.sample(list(labels), len(labels))
    early = dice.uniform(0.34, 0.37)
    parts = {
        favourite: Opinion(early, early * dice.uniform(0.98, 1.05)),
        steamer: Opinion(dice.uniform(0.105, 0.118), dice.uniform(0.285, 0.315)),
        drifter: Opinion(dice.uniform(0.18, 0.20), dice.uniform(0.06, 0.075)),
        longshot: Opinion(dice.uniform(0.029, 0.033), dice.uniform(0.005, 0.008)),
    }
    weights = {label: dice.uniform(0.6, 1.4) for label in others}
    rest = Opinion(1 - sum(part.early for part in parts.values()), 1 - sum(part.late for part in parts.values()))
    for label, weight in weights.items():
        share = weight / sum(weights.values())
        parts[label] = Opinion(rest.early * share, rest.late * share)
    return {label: parts[label] for label in labels}, {"steamer": steamer, "other": others[0]}


def _runners(
    dice: Random, programme: Sequence[tuple[str, str]], horses: list[str], opinions: Mapping[str, Opinion]
) -> tuple[Runner, ...]:
    count = len(programme)
    posts = dice.sample(range(1, count + 1), count)
    jockeys = dice.sample(names.JOCKEYS, count)
    return tuple(
        Runner(
            program_number=program_number,
            label=label,
            horse=horses.pop(),
            jockey=jockeys[index],
            trainer=dice.choice(names.TRAINERS),
            post_position=str(posts[index]),
            morning_line=_morning_line(opinions[label].early),
        )
        for index, (program_number, label) in enumerate(programme)
    )


def _new_jockey(dice: Random, runners: Sequence[Runner]) -> tuple[str, str]:
    """Somebody who has no mount in the race."""
    riding = {runner.jockey for runner in runners}
    return dice.choice(runners).program_number, dice.choice([name for name in names.JOCKEYS if name not in riding])


def _morning_line(share: float) -> int:
    """The handicapper sees the early opinion, and prints nothing longer than 50-1. Parts of an entry share one line."""
    return odds.board_floor(min(51_000, round(float(1 - TAKEOUT) / share * 1000)))
