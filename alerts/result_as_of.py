"""A result as it was told: what was corrected since is taken back. Pure.

Bets whose payoffs were first listed after an official result leave no change, so these stay.
"""

import re
from collections.abc import Iterable, Sequence

from horses_scrapy.storage.alert_history import CardChange
from horses_scrapy.storage.board_view import RunnerView
from horses_scrapy.storage.result_reader import Paid, Placed, ResultView, ordered

PAYOFF = "payoff:"
_PAID = re.compile(r"(\d+) for (\d+) ([A-Z]{3})", re.ASCII)
"""As storage.results writes it."""


def result_before(result: ResultView, later: Sequence[CardChange], runners: Iterable[RunnerView]) -> ResultView:
    """`later`: changes that came after it was told, oldest first."""
    entries = {runner.entry_id: runner for runner in runners}
    placed = {one.program_number: one for one in result.finishers}
    paid = {(one.bet_type, one.combination): one for one in result.payoffs}
    for change in reversed(later):
        if change.field == "position" and change.entry_id in entries:
            _place(placed, entries[change.entry_id], change.old)
        elif change.field.startswith(PAYOFF):
            _pay(paid, change)
    return ordered(placed.values(), paid.values())


def _place(placed: dict[str, Placed], runner: RunnerView, old: str | None) -> None:
    placed.pop(runner.program_number, None)
    if old is not None:
        placed[runner.program_number] = Placed(int(old), runner.program_number, runner.horse)


def _pay(paid: dict[tuple[str, str], Paid], change: CardChange) -> None:
    bet_type, _, combination = change.field.removeprefix(PAYOFF).partition(":")
    paid.pop((bet_type, combination), None)
    match = None if change.old is None else _PAID.fullmatch(change.old)
    if match is not None:
        paid[bet_type, combination] = Paid(bet_type, combination, int(match[2]), int(match[1]), match[3])
