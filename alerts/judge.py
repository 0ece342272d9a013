"""A stored board, or a stored change of a card, against the rules: what a live run and a replay share.

`known_at` is the instant up to which changes of the card were known: in a live run all that are stored, in a replay those
that had been evaluated by then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from alerts.as_of import race_at, runners_at
from alerts.evaluate import Evaluation, Firing, evaluate
from alerts.events import EventFiring, Happening, evaluate_event
from alerts.history import History, glimpse, glimpses
from alerts.limits import Identity, State
from alerts.reading.sheet import Witness, gate
from alerts.rules import BoardRule, RuleSet
from alerts.rules.pair import PayoutRule
from alerts.rules.race import LargeBetRule
from alerts.surroundings import Surroundings
from horses_scrapy.storage import alerts as sql
from horses_scrapy.storage.alert_history import CardChange, card_changes, earlier_boards
from horses_scrapy.storage.board_reader import board_view, runners
from horses_scrapy.storage.board_view import BoardView
from horses_scrapy.storage.watchlists import watched

States = Mapping[Identity, State]

WITH_PREVIOUS: tuple[type[BoardRule], ...] = (PayoutRule, LargeBetRule)
"""Kinds that ask for the board before in full."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A board as the rules saw it, and what they made of it."""

    board: BoardView
    history: History
    evaluation: Evaluation[Firing]


def judge_board(
    connection: Connection,
    board: BoardView,
    rules: RuleSet,
    states: States,
    around: Surroundings,
    *,
    known_at: int | None = None,
    witness: Witness | None = None,
) -> Judged:
    """`board` as board_view gives it: its card and its post are put back to what they were."""
    changes = known(card_changes(connection, board.race.race_id), known_at)
    board = replace(
        board,
        race=race_at(board.race, changes, board.fetched_at),
        runners=runners_at(board.runners, changes, board.fetched_at),
    )
    history = _history(connection, board, changes, rules, around)
    return Judged(board, history, evaluate(board, history, rules, states, board.fetched_at, witness))


def _history(
    connection: Connection, board: BoardView, changes: Sequence[CardChange], rules: RuleSet, around: Surroundings
) -> History:
    if not board.is_primary:
        return History()
    stale_after = round(rules.stale_after * 1000)
    earlier = glimpses(earlier_boards(connection, board.board_id), board, changes, stale_after)
    # Only what stood before in pairs and on single interests needs the whole board: not read where no such rule looks now.
    here = glimpse(board, stale_after)
    asked = any(isinstance(rule, WITH_PREVIOUS) and gate(rule, here) is None for rule in rules.boards_of(board.race))
    return History(
        boards=earlier,
        previous=board_view(connection, earlier[-1].board_id) if asked and earlier else None,
        takeouts=around.takeouts(board.race),
        lines=around.lines.of(board.race),
        watched=watched(connection, board.fetched_at),
    )


def judge_change(
    connection: Connection,
    race_id: int,
    change_id: int,
    rules: RuleSet,
    states: States,
    *,
    known_at: int | None = None,
    witness: Witness | None = None,
) -> Evaluation[EventFiring]:
    """Nothing for a change that is not there (any more)."""
    changes = known(card_changes(connection, race_id), known_at)
    change = next((each for each in changes if each.change_id == change_id), None)
    if change is None:
        return Evaluation()
    return evaluate_event(_happening(connection, race_id, change, changes), rules, states, witness)


def _happening(connection: Connection, race_id: int, change: CardChange, changes: Sequence[CardChange]) -> Happening:
    race, source = sql.race_and_source(connection, race_id)
    then = runners_at(runners(connection, race_id), changes, change.at)
    return Happening(
        change=change,
        race=race_at(race, changes, change.at),
        source=source,
        runners=then,
        runner=next((one for one in then if one.entry_id == change.entry_id), None),
        watched=watched(connection, change.at),
    )


def known(changes: Sequence[CardChange], known_at: int | None) -> list[CardChange]:
    return [
        change
        for change in changes
        if known_at is None or (change.evaluated_at is not None and change.evaluated_at <= known_at)
    ]
