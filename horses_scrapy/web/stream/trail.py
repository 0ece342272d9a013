"""How far the tables were read. Pure.

PostgreSQL may commit a lower id after a higher one: an id that was skipped is asked for again until it must have been given up.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from horses_scrapy.storage.news import KINDS, Kind

GIVE_UP_S = 60.0
"""Longer than a transaction of ours may take."""
MOST_MISSING = 2000
"""Below the top. A sequence that jumps farther has been set by somebody."""
_MARK = re.compile(r"(\d{1,18})-(\d{1,18})-(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Trail:
    """Of one table. missing: ids below `top` that were not there, and until when they are asked for (monotonic seconds)."""

    top: int
    missing: Mapping[int, float] = field(default_factory=dict)

    @property
    def low(self) -> int:
        """All up to this one was seen or given up."""
        return min(self.missing, default=self.top + 1) - 1

    def after(self, found: Collection[int], now: float) -> Self:
        """found: ids above the top, and of the missing."""
        top = max(found, default=self.top)
        top = max(top, self.top)
        skipped = set(range(max(self.top, top - MOST_MISSING) + 1, top)).difference(found)
        waiting = {one: until for one, until in self.missing.items() if one not in found and until > now}
        return type(self)(top, waiting | dict.fromkeys(skipped, now + GIVE_UP_S))


@dataclass(frozen=True, slots=True)
class Mark:
    """The id of an event: all rows up to these were told. In text `<board>-<change>-<alert>`."""

    board: int
    change: int
    alert: int

    @classmethod
    def of(cls, low: Mapping[Kind, int]) -> Self:
        return cls(low["board"], low["change"], low["alert"])

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for what is no mark of ours."""
        match = _MARK.fullmatch(text)
        return None if match is None else cls(*map(int, match.groups()))

    def __str__(self) -> str:
        return f"{self.board}-{self.change}-{self.alert}"

    def __getitem__(self, kind: Kind) -> int:
        value: int = getattr(self, kind)
        return value


@dataclass(frozen=True, slots=True)
class Trails:
    of: Mapping[Kind, Trail]

    @property
    def mark(self) -> Mark:
        return Mark.of({kind: self.of[kind].low for kind in KINDS})

    def after(self, found: Mapping[Kind, Collection[int]], now: float) -> Self:
        return type(self)({kind: self.of[kind].after(found[kind], now) for kind in KINDS})

    def holds(self, mark: Mark) -> bool:
        """Whether it can have been given out for these tables: not after another database was put in their place."""
        return all(mark[kind] <= self.of[kind].top for kind in KINDS)

    def marks(self, told: Iterable[tuple[Kind, int]]) -> Iterator[Mark]:
        """For rows that are told in this order, what is whole once each was: a resume may repeat, and never misses."""
        low = {kind: self.of[kind].low for kind in KINDS}
        found = []
        for kind, row_id in reversed(list(told)):
            found.append(Mark.of(low))
            low[kind] = min(low[kind], row_id - 1)
        return reversed(found)
