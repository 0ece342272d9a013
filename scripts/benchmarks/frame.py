"""What a row of the benchmark gives, what it is given, and how rows are found."""

import gc
import importlib
import pkgutil
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Protocol, cast

import benchmarks

Sense = Literal["<", "<=", ">", ">="]
Of = Literal["value", "ratio"]
Target = Literal["track", "query", "evaluation", "memory"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What the value, or the ratio to the neighbour, has to be."""

    sense: Sense
    limit: float
    of: Of = "value"

    def holds(self, found: float) -> bool:
        tests = {
            "<": found < self.limit,
            "<=": found <= self.limit,
            ">": found > self.limit,
            ">=": found >= self.limit,
        }
        return tests[self.sense]

    def __str__(self) -> str:
        return f"{self.sense} {self.limit:g}{'x' if self.of == 'ratio' else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number. `against` names the neighbour that was measured in turns with it, in the same unit.

    `ratio` is stated by the row, because rates and times divide the other way round: above 1 is in favour of what is measured.
    `target` marks what answers one of the seed's targets; such a value is in that target's unit (SEED_TARGETS).
    """

    name: str
    value: float
    unit: str
    against: str = ""
    against_value: float | None = None
    ratio: float | None = None
    goal: Goal | None = None
    target: Target | None = None

    @property
    def met(self) -> bool | None:
        """None where nothing is asked."""
        if self.goal is None:
            return None
        if self.goal.of == "value":
            return self.goal.holds(self.value)
        return self.ratio is not None and self.goal.holds(self.ratio)


@dataclass(frozen=True, slots=True)
class Bound:
    text: str
    limit: float
    unit: str


SEED_TARGETS: Mapping[Target, Bound] = MappingProxyType(
    {
        "track": Bound("a track is read in", 5, "s"),
        "query": Bound("a query takes", 100, "ms"),
        "evaluation": Bound("the rules of a board take", 1000, "ms"),
        "memory": Bound("a process holds", 200, "MB"),
    }
)


@dataclass(slots=True)
class Context:
    """`folder` is the row's own and goes when the benchmark ends; `kept` is --workdir, for what is dear to make again.

    A row writes nowhere else. What --quick or this machine leaves out, the row says by leave_out.
    """

    name: str
    folder: Path
    kept: Path
    quick: bool
    left_out: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        print(f"{self.name}: {text}", file=sys.stderr, flush=True)

    def leave_out(self, what: str) -> None:
        self.left_out.append(what)


class Row(Protocol):
    NAME: str

    def run(self, context: Context) -> list[Figure]: ...


@dataclass(frozen=True, slots=True)
class Measured:
    row: str
    seconds: float
    figures: tuple[Figure, ...]
    left_out: tuple[str, ...]


def rows() -> list[Row]:
    """By name: what stands in the folder of this package."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__"]
    modules = [importlib.import_module(f"benchmarks.{name}") for name in names]
    found = [cast("Row", module) for module in modules if hasattr(module, "NAME")]
    return sorted(found, key=lambda row: row.NAME)


def in_turns(rounds: int, works: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds of each round of each: A B A B, so that what disturbs one disturbs its neighbour."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            gc.collect()
            began = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - began)
    return taken


def medians(taken: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in taken.items()}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed: a measured one, none in between."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
