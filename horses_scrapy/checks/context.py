"""What is known around a board: the card, the pool terms of the day, the board before it, the day's other boards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from horses_scrapy.config.tracks import PoolTerms
from horses_scrapy.items import OUT, BetType, EntryStatus

SUSPECT = "suspect"
"""The flag of a board with findings, beside their names."""
REFUNDED_WITHIN = timedelta(minutes=10)
"""A tote takes a scratched horse's money out of its pools some boards after the card tells of the scratch."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check expected and what it found, in words; `name` is the flag."""

    name: str
    expected: str
    found: str

    @property
    def text(self) -> str:
        return f"{self.name}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Runner:
    """One horse of the card, under the label of its betting interest."""

    label: str
    horse: str
    status: EntryStatus

    @property
    def runs(self) -> bool:
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class Standing:
    """Prices as they stood on the board before, and the pool's total when they were first shown so.

    cells: win prices in thousandths by (label,), or pay-outs in minor units by (first, second).
    """

    total: int | None
    cells: Mapping[tuple[str, ...], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The board before this one, of the same race and source. Totals in minor units, by bet type."""

    totals: Mapping[str, int] = field(default_factory=dict)
    scratched: frozenset[str] = frozenset()
    standing: Mapping[str, Standing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`runners` is empty where no card is known. scratched_since: labels that the card took out since the board before.

    elsewhere: by number of the day's other races, what the source last showed there: win prices by label.
    """

    terms: Mapping[BetType, PoolTerms] = field(default_factory=dict)
    min_runners: int = 2
    max_runners: int = 24
    runners: tuple[Runner, ...] = ()
    earlier: Earlier | None = None
    scratched_since: frozenset[str] = frozenset()
    elsewhere: Mapping[int, Mapping[str, int]] = field(default_factory=dict)

    @property
    def running(self) -> frozenset[str]:
        """Labels with a horse that runs; one part of a coupled entry is enough."""
        return frozenset(runner.label for runner in self.runners if runner.runs)

    @property
    def out(self) -> frozenset[str]:
        """Labels all of whose horses are out."""
        labels = {runner.label for runner in self.runners}
        return frozenset(labels - {runner.label for runner in self.runners if runner.status not in OUT})
