#!/usr/bin/env python3
"""How long the alert rules take on one board: 12 runners, 132 exactas, 20 boards before it, all in memory.

Prints best and median milliseconds, and how many JSON round trips of the same board the median is, by processor time.
`first` is a new rule file's first board; then the file is warm and its states are as that board left them, which is what a
poll meets.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import cycle, islice, permutations
from typing import Any

from alerts.evaluate import Evaluation, Firing, evaluate
from alerts.history import History, Takeout, glimpse
from alerts.limits import Identity, State
from alerts.rules import RuleSet
from alerts.rules.kinds import KINDS
from horses_scrapy.errors import OK
from horses_scrapy.items import Source
from horses_scrapy.storage.board_view import BoardView, GridView, PoolView, RaceView, RunnerView, Shown

START = 1_777_752_000_000
MINUTE = 60_000
WEIGHTS = {str(number): 1 / (number + 1) for number in range(1, 13)}
TOTAL = sum(WEIGHTS.values())
LINES = {label: round(900 * TOTAL / weight) for label, weight in WEIGHTS.items()}
TAKEOUTS = {"win": Takeout(0.16, assumed=False), "exacta": Takeout(0.185, assumed=False)}

SPREAD: tuple[dict[str, Any], ...] = (
    {"kind": "win_odds_below", "threshold": "7-2", "step": 0.5},
    {"kind": "odds_drop", "percent": 30, "points": 2},
    {"kind": "exacta_payout_below", "threshold": {"payout": 40, "base": 2}},
    {"kind": "win_odds_above", "threshold": 20, "minutes_to_post": [0, 30]},
    {"kind": "odds_drift", "percent": 25},
    {"kind": "exacta_payout_above", "threshold": {"payout": 500, "base": 2}, "min_pool": 1000},
    {"kind": "win_decimal_below", "threshold": 4, "scope": {"jockeys": ["J. Jockey 3", "J. Jockey 5"]}},
    {"kind": "exacta_overlay", "percent": 25},
    {"kind": "odds_drop", "bands": [{"up_to": 5, "percent": 10}, {"percent": 15}], "against": {"minutes": 5}},
    {"kind": "cross_pool", "percent": 15},
    {"kind": "win_decimal_above", "threshold": 25},
    {"kind": "steam", "min_pool": 2000},
    {"kind": "overlay_vs_morning_line", "percent": 15},
    {"kind": "exacta_overlay", "percent": 40, "gamma": 0.81, "scope": {"horses": ["Horse 2", "Horse 7"]}},
    {"kind": "overlay_vs_line", "percent": 15},
    {"kind": "pool_above", "threshold": 10_000, "bet_type": "exacta"},
    {"kind": "large_bet", "amount": 500},
    {"kind": "cross_pool", "side": "exacta_lower", "percent": 20},
    {"kind": "odds_drop", "percent": 20, "against": "morning_line", "scope": {"program_numbers": ["3"]}},
)
"""Every kind that reads boards; a rule file is these over and over."""


@dataclass(frozen=True, slots=True)
class Case:
    title: str
    rules: RuleSet


@dataclass(frozen=True, slots=True)
class Timing:
    """In milliseconds. processor: the median without what other processes took."""

    first: float
    best: float
    median: float
    processor: float


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    board, history = scene()
    told = as_json(board)
    baseline = measure(arguments.runs, lambda: json.loads(json.dumps(told)))
    print(
        f"board: {len(board.prices)} runners, {len(board.grids['exacta'].payouts)} exactas, {len(history.boards)} before"
    )
    print(f"baseline: JSON of the board there and back: best {baseline.best:.2f} ms, median {baseline.median:.2f} ms")
    for case in (
        Case("50 rules of all kinds", rules_of(50)),
        Case("1,000 rules, 100 of this track", rules_of(1000, 10)),
    ):
        report(case, board, history, arguments.runs, baseline)
    return OK


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--runs", type=int, default=100, help="evaluations of each rule file (default 100)")
    return made


def report(case: Case, board: BoardView, history: History, runs: int, baseline: Timing) -> None:
    sight = evaluate(board, history, case.rules, {}, board.fetched_at)
    states = {each.identity: each.state for each in sight.transitions if each.state is not None}
    cold = RuleSet(rules=case.rules.rules)
    taken = measure(runs, lambda: judged(board, history, cold, states))
    told = len(judged(board, history, case.rules, states).fired)
    print(
        f"{case.title}: first {taken.first:.2f} ms, best {taken.best:.2f} ms, median {taken.median:.2f} ms"
        f" (of the processor {taken.processor:.2f} ms = {taken.processor / baseline.processor:.0f} baselines);"
        f" {len(sight.fired)} fire at first sight, {told} on the same board again"
    )


def judged(board: BoardView, history: History, rules: RuleSet, states: dict[Identity, State]) -> Evaluation[Firing]:
    return evaluate(board, history, rules, states, board.fetched_at)


def measure(runs: int, work: Callable[[], object]) -> Timing:
    taken, processor = [], []
    for _ in range(max(runs, 1)):
        start, busy = time.perf_counter(), time.thread_time()
        work()
        taken.append((time.perf_counter() - start) * 1000)
        processor.append((time.thread_time() - busy) * 1000)
    return Timing(taken[0], min(taken), statistics.median(taken), statistics.median(processor))


def rules_of(count: int, one_in: int = 1) -> RuleSet:
    """`count` rules, one in `one_in` of the board's track and the others of elsewhere."""
    made = []
    for number, told in enumerate(islice(cycle(SPREAD), count)):
        scope = {**told.get("scope", {}), "tracks": ["GP" if number % one_in == 0 else f"T{number % 40}"]}
        made.append(KINDS[told["kind"]].model_validate({**told, "name": f"r{number}", "scope": scope}))
    return RuleSet(rules=tuple(made))


def scene() -> tuple[BoardView, History]:
    """The twenty-first board, four minutes to post: #3 was bet down, the exactas still have it at its old chance."""
    boards = [board_at(number) for number in range(21)]
    seen = [glimpse(board, 600_000) for board in boards[:-1]]
    return boards[-1], History(boards=seen, previous=boards[-2], takeouts=TAKEOUTS, lines=LINES)


def board_at(number: int) -> BoardView:
    at = START + number * MINUTE
    money = amounts(number, bet_down=1 + number / 10)
    win, exacta = sum(money.values()), 3000 * (number + 1) * 100
    return BoardView(
        board_id=number + 1,
        race=race(),
        source=Source("bench", "board", "display"),
        is_primary=True,
        fetched_at=at,
        source_time=at - 5000,
        status="open",
        minutes_to_post=None,
        flags=frozenset(),
        evaluated_at=None,
        runners=runners(),
        prices={("win_tote", label): Shown(max(1050, 840 * win // paid), "active") for label, paid in money.items()},
        pools={"win": PoolView(win, "USD", money), "exacta": PoolView(exacta, "USD", {})},
        grids={"exacta": GridView(200, "USD", at, dict(payouts(amounts(number, bet_down=1))))},
    )


def race() -> RaceView:
    return RaceView(
        race_id=1, track_key="gulf", track_code="GP", track_name="Gulf Downs", timezone="America/New_York",
        race_date="2026-05-02", race_number=1, post_time=START + 24 * MINUTE, url="http://127.0.0.1/race/1",
    )  # fmt: skip


def runners() -> tuple[RunnerView, ...]:
    first = RunnerView(
        entry_id=0,
        program_number="0",
        label="0",
        horse="",
        status="active",
        jockey=None,
        trainer=None,
        morning_line=None,
    )
    return tuple(
        replace(
            first, entry_id=int(label), program_number=label, label=label, horse=f"Horse {label}",
            jockey=f"J. Jockey {label}", trainer=f"T. Trainer {label}", morning_line=line,
        )
        for label, line in LINES.items()
    )  # fmt: skip


def amounts(number: int, bet_down: float) -> dict[str, int]:
    """Minor units on each interest: the pool grows by 4,000 a board, more of it on #3."""
    weights = {label: weight * (bet_down if label == "3" else 1) for label, weight in WEIGHTS.items()}
    return {label: int(weight / sum(weights.values()) * 4000 * (number + 1) * 100) for label, weight in weights.items()}


def payouts(money: dict[str, int]) -> Iterator[tuple[tuple[str, str], int]]:
    total = sum(money.values())
    for first, second in permutations(money, 2):
        chance = money[first] / total * money[second] / (total - money[first])
        yield (first, second), round(200 * 0.815 / chance)


def as_json(board: BoardView) -> dict[str, Any]:
    """Keys of pairs become text; everything else of the board as it is."""
    told = asdict(board)
    told["flags"] = sorted(board.flags)
    told["prices"] = {" ".join(key): asdict(shown) for key, shown in board.prices.items()}
    told["grids"] = {
        name: {**asdict(grid), "payouts": {"-".join(pair): paid for pair, paid in grid.payouts.items()}}
        for name, grid in board.grids.items()
    }
    return told


if __name__ == "__main__":
    raise SystemExit(main())
