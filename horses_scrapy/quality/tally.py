"""What each check found over all races: counts, and the worst examples."""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from horses_scrapy.quality.checks import CHECKS, ORPHAN_ROWS
from horses_scrapy.quality.verdict import Asked, Check, Problem, Verdict
from horses_scrapy.storage.quality.facts import RaceFacts
from horses_scrapy.storage.quality.orphans import Orphans

KEPT = 20
"""Examples of a check; all findings are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A finding and where it is; nowhere for rows that have lost their race."""

    problem: Problem
    race: RaceFacts | None = None


@dataclass(slots=True)
class Tally:
    """Of one check. races: in which something was found."""

    check: Check[Any]
    looked: int = 0
    found: int = 0
    races: int = 0
    notes: Counter[str] = field(default_factory=Counter)
    _worst: list[tuple[float, int, Example]] = field(default_factory=list)  # a heap; of those as bad the first stay

    def add(self, verdict: Verdict, race: RaceFacts | None) -> None:
        self.looked += verdict.looked
        self.races += race is not None and bool(verdict.problems)
        if verdict.note is not None:
            self.notes[verdict.note] += 1
        for problem in verdict.problems:
            self.found += 1
            self._keep((problem.weight, -self.found, Example(problem=problem, race=race)))

    def _keep(self, one: tuple[float, int, Example]) -> None:
        if len(self._worst) < KEPT:
            heapq.heappush(self._worst, one)
        else:
            heapq.heappushpop(self._worst, one)

    @property
    def worst(self) -> list[Example]:
        """The worst first."""
        return [example for _, _, example in sorted(self._worst, key=lambda one: one[:2], reverse=True)]

    @property
    def failed(self) -> bool:
        return self.check.level == "fail" and self.found > 0


class Tallies:
    """Every check, over races day by day."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        every: tuple[Check[Any], ...] = (*CHECKS, ORPHAN_ROWS)
        self._of = {check.name: Tally(check) for check in every}
        self.races = 0

    def add(self, races: Iterable[RaceFacts]) -> None:
        for race in races:
            self.races += 1
            for check in CHECKS:
                self._of[check.name].add(check.judge(race, self._asked), race)

    def add_rows(self, found: Sequence[Orphans]) -> None:
        self._of[ORPHAN_ROWS.name].add(ORPHAN_ROWS.judge(found, self._asked), None)

    @property
    def all(self) -> list[Tally]:
        return list(self._of.values())

    @property
    def failed(self) -> bool:
        return any(tally.failed for tally in self.all)
