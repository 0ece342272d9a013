"""A stored board, or a stored change of a card, against the rules: what a live run and a replay share.

What is stored of a card is its newest form. A live run takes back the changes that no rule has seen yet; a replay also
those that had not been seen `then`. Pair prices are those of sound boards alone: a suspect board's, or those of one that came
late, must not stand behind a sound board that brought none.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from alerts.as_of import race_at, runners_at
from alerts.evaluate import Evaluation, Firing, evaluate
from alerts.events import EventFiring, Happening, evaluate_event
from alerts.history import HARMLESS, History, glimpse, glimpses
from alerts.limits import Identity, State
from alerts.reading.sheet import Witness, gate
from alerts.result_as_of import result_before
from alerts.rules import BoardRule, RuleSet
from alerts.rules.pair import ExactaOverlayRule, PayoutRule
from alerts.rules.race import LargeBetRule
from alerts.surroundings import Surroundings
from horses_scrapy.storage import alerts as sql
from horses_scrapy.storage.alert_history import CardChange, card_changes, earlier_boards
from horses_scrapy.storage.board_reader import board_view, money_on, runners
from horses_scrapy.storage.board_view import BoardView, RaceView, RunnerView
from horses_scrapy.storage.result_reader import ResultView, result_view
from horses_scrapy.storage.watchlists import watched

States = Mapping[Identity, State]

BEFORE = -1
"""An instant before all changes."""

WITH_PREVIOUS: tuple[type[BoardRule], ...] = (PayoutRule, ExactaOverlayRule, LargeBetRule)
"""Kinds that ask for the pairs of the board before, or its pools by interest."""


@dataclass(frozen=True, slots=True)
class Then:
    """What was known of a card when a board or a change was evaluated: ids of the changes seen, and of the entries listed."""

    changes: AbstractSet[int]
    entries: AbstractSet[int]


@dataclass(frozen=True, slots=True)
class Judged:
    """A board as the rules saw it, and what they made of it."""

    board: BoardView
    history: History
    evaluation: Evaluation[Firing]


def board_for_rules(connection: Connection, board_id: int) -> BoardView:
    """With pair prices of sound boards alone."""
    return board_view(connection, board_id, HARMLESS)


def judge_board(
    connection: Connection,
    board: BoardView,
    rules: RuleSet,
    states: States,
    around: Surroundings,
    *,
    then: Then | None = None,
    witness: Witness | None = None,
) -> Judged:
    """`board` as board_for_rules gives it: its card and its post are put back to what they were."""
    card = _card(connection, board.race, board.runners, then)
    changes = card.changes
    board = replace(
        board,
        race=race_at(card.race, changes, board.fetched_at),
        runners=runners_at(card.runners, changes, board.fetched_at),
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
    # What stood before in pairs and on single interests is not read where no such rule looks now.
    here = glimpse(board, stale_after)
    asked = any(isinstance(rule, WITH_PREVIOUS) and gate(rule, here) is None for rule in rules.boards_of(board.race))
    return History(
        boards=earlier,
        previous=money_on(connection, earlier[-1].board_id, HARMLESS) if asked and earlier else None,
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
    then: Then | None = None,
    witness: Witness | None = None,
) -> Evaluation[EventFiring]:
    """Nothing for a change that is not there (any more)."""
    race, source = sql.race_and_source(connection, race_id)
    card = _card(connection, race, runners(connection, race_id), then)
    change = next((each for each in card.changes if each.change_id == change_id), None)
    if change is None:
        return Evaluation()
    return evaluate_event(_happening(connection, change, card, source), rules, states, witness)


def _happening(connection: Connection, change: CardChange, card: "_Card", source: str) -> Happening:
    then = runners_at(card.runners, card.changes, change.at)
    return Happening(
        change=change,
        race=race_at(card.race, card.changes, change.at),
        source=source,
        runners=then,
        runner=next((one for one in then if one.entry_id == change.entry_id), None),
        result=_result(connection, change, card) if change.field == "result" else None,
        watched=watched(connection, change.at),
    )


def _result(connection: Connection, change: CardChange, card: "_Card") -> ResultView | None:
    found = result_view(connection, card.race.race_id)
    later = sorted(
        [*card.unseen, *(each for each in card.changes if each.at > change.at)], key=lambda one: (one.at, one.change_id)
    )
    return None if found is None else result_before(found, later, card.runners)


@dataclass(frozen=True, slots=True)
class _Card:
    """A card as the rules knew it; the changes that they had seen, and those that they had not, oldest first."""

    race: RaceView
    runners: Sequence[RunnerView]
    changes: Sequence[CardChange]
    unseen: Sequence[CardChange]


def _card(connection: Connection, race: RaceView, listed: Sequence[RunnerView], then: Then | None) -> _Card:
    changes = card_changes(connection, race.race_id)
    if then is None:
        then = Then(
            changes={each.change_id for each in changes if each.evaluated_at is not None},
            entries={runner.entry_id for runner in listed},
        )
    unseen = [each for each in changes if each.change_id not in then.changes]
    return _Card(
        race=race_at(race, unseen, BEFORE),
        runners=runners_at([one for one in listed if one.entry_id in then.entries], unseen, BEFORE),
        changes=[each for each in changes if each.change_id in then.changes],
        unseen=unseen,
    )
