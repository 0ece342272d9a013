"""How long the alert rules take on one board in memory, against JSON of the same board there and back."""

import json
from collections.abc import Callable, Mapping
from functools import partial

from alerts.evaluate import evaluate
from alerts.history import History
from alerts.limits import Identity, State
from alerts.rules import RuleSet
from benchmarks.frame import Context, Figure, in_turns, medians
from benchmarks.scene import as_json, rules_of, scene
from horses_scrapy.storage.board_view import BoardView

NAME = "evaluation"
TITLE = "12 runners, 132 exactas, 20 boards before"
FIRST = "a rule file's first board, 50 rules"
FILES = {f"50 rules of all kinds: {TITLE}": (50, 1), "1,000 rules, 100 of them of this track": (1000, 10)}
"""How many rules, and one in how many is of the board's track."""
BARE = "JSON of the board"
TIMES = 5
"""Of one round: a single evaluation is too short for its neighbour's time to be told."""


def run(context: Context) -> list[Figure]:
    taken = in_turns(6 if context.quick else 40, {name: several(work) for name, work in works().items()})
    median = {name: seconds / TIMES * 1000 for name, seconds in medians(taken).items()}
    return [_figure(title, median) for title in (*FILES, FIRST)]


def works() -> dict[str, Callable[[], object]]:
    board, history = scene()
    told, rules = as_json(board), rules_of(50).rules
    return {
        BARE: lambda: json.loads(json.dumps(told)),
        FIRST: lambda: evaluate(board, history, RuleSet(rules=rules), {}, board.fetched_at),
        **{title: again(board, history, rules_of(*size)) for title, size in FILES.items()},
    }


def several(work: Callable[[], object]) -> Callable[[], None]:
    def all_of_them() -> None:
        for _ in range(TIMES):
            work()

    return all_of_them


def again(board: BoardView, history: History, rules: RuleSet) -> Callable[[], object]:
    """The file's states are as the same board left them: what a poll meets."""
    states = states_after(board, history, rules)
    return partial(evaluate, board, history, rules, states, board.fetched_at)


def states_after(board: BoardView, history: History, rules: RuleSet) -> dict[Identity, State]:
    sight = evaluate(board, history, rules, {}, board.fetched_at)
    return {each.identity: each.state for each in sight.transitions if each.state is not None}


def _figure(title: str, taken: Mapping[str, float]) -> Figure:
    return Figure(
        name=title,
        value=taken[title],
        unit="ms",
        against=BARE,
        against_value=taken[BARE],
        ratio=taken[BARE] / taken[title],
        target="evaluation",
    )
