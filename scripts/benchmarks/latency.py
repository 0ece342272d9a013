"""Row 3: how long the newest prices of a race and the history of an entry take, in databases of 1, 10 and 50 million prices.

The statement is the very one that storage.queries sends, taken off the wire; "function" is the Python function around it.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import event

from benchmarks import samples, seed
from benchmarks.frame import Context, Figure, Goal, percentile
from horses_scrapy.simulator.bulk import RUNNERS, BulkPlan
from horses_scrapy.storage import queries, sqlite
from horses_scrapy.storage.engine import Store

NAME = "latency"

MILLION = 1_000_000
SIZES = (MILLION, 10 * MILLION, 50 * MILLION)
QUICK_SIZES = (MILLION // 5,)
SMALLEST = 0
"""Of SIZES: where the seed's tables are measured too."""
FAR = 2**60
UNIT = "us"
ASKED, QUICK_ASKED = 1000, 400
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement and the parameters of each time it is asked."""

    text: str
    parameters: Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Question:
    """`ask` calls the function of storage.queries for a race id; `seeds` is the seed's statement for the same."""

    name: str
    goal: Goal
    ask: Callable[[Any, int], object]
    seeds: str
    key: Callable[[int], int]


def first_entry(race_id: int) -> int:
    return (race_id - 1) * RUNNERS + 1


QUESTIONS = (
    Question("latest odds of a race", Goal("<", 100), queries.latest_odds, seed.LATEST, lambda race_id: race_id),
    Question(
        "history of an entry",
        Goal("<", 1000),
        lambda connection, race_id: queries.odds_history(connection, first_entry(race_id), 0, FAR),
        seed.HISTORY,
        first_entry,
    ),
)


def run(context: Context) -> list[Figure]:
    sizes = QUICK_SIZES if context.quick else SIZES
    if context.quick:
        context.leave_out(f"sizes of 1, 10 and 50 million prices: {QUICK_SIZES[0]:,} here")
    figures = []
    for place, observed in enumerate(sizes):
        plan = BulkPlan(observed=observed)
        ours = samples.ours(context, plan)
        seeds = samples.seeds(context, plan) if place == SMALLEST else None
        dice = Random(observed)  # noqa: S311 - which races are asked for
        races = [dice.randrange(plan.races) + 1 for _ in range(QUICK_ASKED if context.quick else ASKED)]
        for question in QUESTIONS:
            figures += of_question(f"{question.name}, {observed / MILLION:g} M", question, ours, seeds, races)
    return figures


def of_question(title: str, question: Question, ours: Path, seeds: Path | None, races: Sequence[int]) -> list[Figure]:
    store = samples.opened(ours)
    try:
        asked = on_the_wire(store, question, races)
        function = called(store, question, races)
    finally:
        store.close()
    hot, against = in_rounds(ours, asked, seeds, Asked(question.seeds, [(question.key(one),) for one in races]))
    cold = from_disk(ours, asked)
    return [
        times(f"{title}, SQL p50", hot, 0.5, against),
        times(f"{title}, SQL p99", hot, 0.99, against, question.goal),
        times(f"{title}, function p50", function, 0.5),
        milliseconds(f"{title}, function p99", function),
        times(f"{title}, SQL from disk p50", cold, 0.5),
        times(f"{title}, SQL from disk p99", cold, 0.99),
    ]


def times(
    name: str, ours: Sequence[float], share: float, against: Sequence[float] = (), goal: Goal | None = None
) -> Figure:
    value = percentile(ours, share) * 1e6
    if not against:
        return Figure(name=name, value=value, unit=UNIT, goal=goal)
    seeds = percentile(against, share) * 1e6
    return Figure(
        name=name, value=value, unit=UNIT, against="seed's", against_value=seeds, ratio=seeds / value, goal=goal
    )


def milliseconds(name: str, ours: Sequence[float]) -> Figure:
    return Figure(name=name, value=percentile(ours, 0.99) * 1000, unit="ms", target="query")


def on_the_wire(store: Store, question: Question, races: Sequence[int]) -> Asked:
    found: list[tuple[str, tuple[Any, ...]]] = []

    def note(*told: Any) -> None:
        found.append((told[2], tuple(told[3])))

    with store.read() as connection:
        event.listen(connection, "before_cursor_execute", note)
        for race_id in races:
            question.ask(connection, race_id)
        event.remove(connection, "before_cursor_execute", note)
    (text,) = {text for text, _ in found}
    return Asked(text, [parameters for _, parameters in found])


def called(store: Store, question: Question, races: Sequence[int]) -> list[float]:
    """Seconds of the function: for each race the median of rounds, the statement being compiled."""
    with store.read() as connection:
        rounds = [[_once(connection, question, race_id) for race_id in races[::2]] for _ in range(ROUNDS)]
    return [statistics.median(one) for one in zip(*rounds, strict=True)]


def _once(connection: Any, question: Question, race_id: int) -> float:
    began = time.perf_counter()
    question.ask(connection, race_id)
    return time.perf_counter() - began


def in_rounds(ours: Path, asked: Asked, seeds: Path | None, asked_seed: Asked) -> list[list[float]]:
    """Seconds of each query, of ours and of the seed's: the median of rounds that take turns, after one that warms.

    A median for each race, so that a percentile is over races and not over what else the machine had to do.
    """
    rounds: list[list[float]] = []
    against: list[list[float]] = []
    with closing(connected(ours)) as database, closing(connected(ours if seeds is None else seeds)) as other:
        for _ in range(ROUNDS + 1):
            rounds.append(each(database, asked))
            if seeds is not None:
                against.append(each(other, asked_seed))
    return [[statistics.median(one) for one in zip(*found[1:], strict=True)] for found in (rounds, against)]


def from_disk(file: Path, asked: Asked) -> list[float]:
    """Seconds of each query with nothing of the file in memory."""
    taken = []
    for parameters in asked.parameters[::5]:
        with closing(connected(file)) as database:
            database.execute("SELECT 1 FROM meta").fetchall()  # the schema is read
            samples.forget_cached(file)
            taken += each(database, Asked(asked.text, [parameters]))
    return taken


def connected(file: Path) -> Any:
    database = sqlite.driver().connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None)
    for pragma in sqlite.EVERY:
        database.execute(pragma).close()
    return database


def each(database: Any, asked: Asked) -> list[float]:
    taken = []
    for parameters in asked.parameters:
        began = time.perf_counter()
        database.execute(asked.text, parameters).fetchall()
        taken.append(time.perf_counter() - began)
    return taken
