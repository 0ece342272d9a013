"""What a check is asked, and what it says of one race."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, Literal, TypeVar

from horses_scrapy.checks import Context, Runner
from horses_scrapy.config import Track
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.storage.quality.facts import RaceFacts

Level = Literal["fail", "warn"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """now: epoch milliseconds. watched: keys of the tracks that are crawled. pruned_before: date of the first whole race."""

    now: int
    scraping: Scraping
    min_boards: int
    tracks: Mapping[str, Track] = field(default_factory=dict)
    watched: frozenset[str] = frozenset()
    pruned_before: str | None = None

    def is_thinned(self, race: RaceFacts) -> bool:
        return self.pruned_before is not None and race.race_date < self.pruned_before

    def context(self, race: RaceFacts) -> Context:
        """For the live checks: the card, and what the pools kept on the day; of an unknown track only the card."""
        track, day = self.tracks.get(race.track_key), date.fromisoformat(race.race_date)
        runners = tuple(Runner(one.label, one.horse, one.status) for one in race.entries)
        if track is None:
            return Context(runners=runners)
        known = {bet_type: terms for bet_type in track.pools if (terms := track.terms(bet_type, day)) is not None}
        return Context(terms=known, runners=runners)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding. weight: of two, the worse has more. program: the horse that it is about."""

    text: str
    weight: float = 1
    program: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """looked: at how many things. note: a word to be counted, such as why a race was passed over."""

    looked: int = 0
    problems: tuple[Problem, ...] = ()
    note: str | None = None


NOTHING = Verdict()
"""The check does not concern the race."""


def passed_over(why: str) -> Verdict:
    return Verdict(note=f"passed over: {why}")


def looked(*problems: Problem, note: str | None = None) -> Verdict:
    return Verdict(1, problems, note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[T]):
    """unit: of what it looks at. advice: what a person does about a finding."""

    name: str
    level: Level
    advice: str
    judge: Callable[[T, Asked], Verdict]
    unit: str = "races"
