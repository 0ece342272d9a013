"""The board's answers over 10 million prices: made anew, kept, and 200 a second while a crawl writes.

"Anew": another race, or another query, each time, so that none was kept. The neighbour is FastAPI with a constant.
"""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing.synchronize import Event
from random import Random
from types import MappingProxyType

from benchmarks import asking, bare_app, board_home, samples
from benchmarks.asking import Load
from benchmarks.board_home import Sample
from benchmarks.frame import Context, Figure, Goal, percentile
from horses_scrapy.demo.home import SHIPPED
from horses_scrapy.simulator.bulk import TRACKS

NAME = "api"
OBSERVED, QUICK_OBSERVED = 10_000_000, 200_000
ASKED, QUICK_ASKED = 600, 100
A_SECOND = 200
SECONDS, QUICK_SECONDS = 10, 3
BOARDS_A_SECOND = 2.7
"""40 tracks, each polled every 15 s."""
BOARDS_OF_A_TURN = 150
"""At most: what was stored once is no news."""
API = "/api/v1"
BARE = "FastAPI, a constant"
LIST, CARD, ODDS = f"{API}/races", f"{API}/races/{{open}}", f"{API}/races/{{open}}/odds"
PAGE = "/races/{open}"
MIXES: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "JSON": (LIST, CARD, ODDS, CARD, LIST, CARD, f"{API}/races/{{old}}", CARD, LIST, ODDS),
        "pages": ("/", PAGE, ODDS, PAGE, PAGE),
    }
)
"""What readers ask on a race day: the list and the races that are open, now and then an old one."""


@dataclass(frozen=True, slots=True)
class Question:
    """`path` has {race} where each time another race belongs, {n} where another number does."""

    name: str
    path: str
    within_ms: float

    def paths(self, races: Sequence[int]) -> list[str]:
        return [self.path.format(race=race, n=number) for number, race in enumerate(races)]


QUESTIONS = (
    Question("GET /races, today's", f"{API}/races?n={{n}}", 20),
    Question("GET /races/{id}", f"{API}/races/{{race}}", 20),
    Question("GET /races/{id}/odds, JSON", f"{API}/races/{{race}}/odds", 50),
    Question("GET /races/{id}/odds, CSV", f"{API}/races/{{race}}/odds?format=csv", 50),
    Question("page /", "/?n={n}", 50),
    Question("page /races/{id}", "/races/{race}", 50),
)


def run(context: Context) -> list[Figure]:
    observed, asked = (QUICK_OBSERVED, QUICK_ASKED) if context.quick else (OBSERVED, ASKED)
    if context.quick:
        context.leave_out(f"{OBSERVED:,} prices: {QUICK_OBSERVED:,} here")
    sample = board_home.prepared(context, observed)
    dice = Random(observed)  # noqa: S311 - which races are asked for
    races = [dice.randrange(sample.plan.races) + 1 for _ in range(asked)]
    with board_home.neighbour(context) as (bare, bare_pid), board_home.running(context, sample) as (port, pid):
        constant = asking.in_turn(bare, [bare_app.PATH] * asked)
        figures = [figure for question in QUESTIONS for figure in of_question(port, question, races, constant)]
        seconds = QUICK_SECONDS if context.quick else SECONDS
        alone = under_load(bare, bare_pid, [bare_app.PATH], seconds)
        for turn, (asked, patterns) in enumerate(MIXES.items()):
            paths = mixed(sample, races, patterns)
            asking.in_turn(port, sorted(set(paths[: len(patterns) * TRACKS])))  # as in of_question: not a cold one
            with writing(sample, turn):
                figures += _under_load(asked, under_load(port, pid, paths, seconds), alone)
    return figures


def of_question(port: int, question: Question, races: Sequence[int], constant: Sequence[float]) -> Iterator[Figure]:
    """The first ones are not counted: a server that has answered nothing yet loads and compiles."""
    paths = question.paths(races)
    asking.in_turn(port, paths[:20])
    anew = asking.in_turn(port, paths[20:])
    kept = asking.in_turn(port, paths[-1:] * len(races))
    yield _milliseconds(f"{question.name}, anew, p50", anew, 0.5, constant)
    yield _milliseconds(f"{question.name}, anew, p99", anew, 0.99, constant, Goal("<", question.within_ms))
    yield _milliseconds(f"{question.name}, kept, p50", kept, 0.5, constant)
    yield _milliseconds(f"{question.name}, kept, p99", kept, 0.99, constant)


def _milliseconds(
    name: str, taken: Sequence[float], share: float, constant: Sequence[float], goal: Goal | None = None
) -> Figure:
    value, bare = (percentile(each, share) * 1000 for each in (taken, constant))
    return Figure(
        name=name, value=value, unit="ms", against=BARE, against_value=bare, ratio=bare / value, goal=goal,
    )  # fmt: skip


# --- 200 a second ------------------------------------------------------------------------------------------------------


def mixed(sample: Sample, races: Sequence[int], patterns: Sequence[str]) -> list[str]:
    now = cycle(sample.open_races)
    return [pattern.format(open=next(now), old=old) for old in races for pattern in patterns]


def under_load(port: int, pid: int, paths: Sequence[str], seconds: float) -> Load:
    command = [sys.executable, "-m", asking.__name__, *map(str, (port, pid, A_SECOND, seconds))]
    environ = {**os.environ, "PYTHONPATH": str(SHIPPED / "scripts")}
    told = subprocess.run(  # noqa: S603 (our own interpreter)
        command, cwd=SHIPPED, env=environ, input="\n".join(paths), capture_output=True, text=True, check=True
    )
    return Load(**json.loads(told.stdout))


def _under_load(asked: str, ours: Load, bare: Load) -> Iterator[Figure]:
    title = f"{A_SECOND} requests/s, {asked}, beside {BOARDS_A_SECOND} boards/s"
    yield Figure(name=f"{title}: errors", value=ours.errors, unit="requests", goal=Goal("<=", 0))
    yield _milliseconds(f"{title}: p50", ours.taken, 0.5, bare.taken)
    yield _milliseconds(f"{title}: p99", ours.taken, 0.99, bare.taken, Goal("<", 50))
    yield Figure(
        name=f"{title}: of a core",
        value=100 * ours.cpu,
        unit="%",
        against=BARE,
        against_value=100 * bare.cpu,
        ratio=bare.cpu / ours.cpu,
        goal=Goal("<=", 100),
    )


@contextmanager
def writing(sample: Sample, turn: int) -> Iterator[None]:
    """A process of its own commits what is still to come of today's boards."""
    forked = multiprocessing.get_context("forkserver")
    over = forked.Event()
    process = forked.Process(target=write, args=(sample, turn, over))
    process.start()
    try:
        yield
    finally:
        over.set()
        process.join()


def write(sample: Sample, turn: int, over: Event) -> None:
    store = samples.opened(sample.file)
    try:
        for race, poll in islice(sample.boards(), turn * BOARDS_OF_A_TURN, None):
            board_home.store_one(store, race, poll)
            if over.wait(1 / BOARDS_A_SECOND):
                return
    finally:
        store.close()
