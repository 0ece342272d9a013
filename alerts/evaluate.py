"""One board against the rules: what fires, and which states move. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from alerts.history import History
from alerts.limits import Event, Identity, State, Step, advance
from alerts.reading import READERS, Reading, Sheet, Witness
from alerts.reading.scope import in_scope
from alerts.reading.sheet import gate
from alerts.rules import BoardRule, Rule, RuleSet
from alerts.rules.pair import PayoutRule
from alerts.rules.price import WinRule
from alerts.rules.race import PoolAboveRule
from horses_scrapy.storage.board_view import BoardView, RaceView

TOLD: Mapping[Step, Event] = {"fired": "fired", "further": "further", "repeated": "repeated", "resolved": "resolved"}
NOT_PRIMARY = "not the race's first source"


@dataclass(frozen=True, slots=True)
class Transition:
    """An identity's new state; None is inactive again."""

    identity: Identity
    state: State | None


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert to be told: which rule, about what, and the value that crossed its threshold."""

    rule: BoardRule
    identity: Identity
    reading: Reading
    event: Event


Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Evaluation(Generic[Told]):
    transitions: Sequence[Transition] = ()
    fired: Sequence[Told] = ()


def scope_of(race: RaceView) -> str:
    return f"race:{race.race_id}"


def evaluate(
    board: BoardView,
    history: History,
    rules: RuleSet,
    states: Mapping[Identity, State],
    now_ms: int,
    witness: Witness | None = None,
) -> Evaluation[Firing]:
    """Boards of other sources than the race's primary, and boards that are not sound, move nothing."""
    sheet = Sheet(board, history, round(rules.stale_after * 1000), witness)
    unread = sheet.here.unsound if board.is_primary else NOT_PRIMARY
    if unread is not None:
        sheet.unread(unread)
        return Evaluation()
    judge = _Judge(sheet, scope_of(board.race), _by_rule(states), now_ms)
    for rule in rules.boards_of(board.race):
        if not in_scope(rule, board.race):
            continue
        shut = gate(rule, sheet.here)
        if shut is None:
            judge.rule(rule)
        else:
            sheet.skip(rule, None, shut)
    return Evaluation(judge.transitions, judge.fired)


def _by_rule(states: Mapping[Identity, State]) -> dict[str, dict[str, State]]:
    found: dict[str, dict[str, State]] = {}
    for identity, state in states.items():
        found.setdefault(identity.rule, {})[identity.subject] = state
    return found


class _Judge:
    """What the rules have made of one board so far."""

    def __init__(self, sheet: Sheet, scope: str, states: Mapping[str, Mapping[str, State]], now_ms: int) -> None:
        self.transitions: list[Transition] = []
        self.fired: list[Firing] = []
        self._sheet = sheet
        self._scope = scope
        self._states = states
        self._now_ms = now_ms

    def rule(self, rule: BoardRule) -> None:
        mine = self._states.get(rule.name, {})
        limit, repeat = rule.limit, rule.repeat_ms
        for reading in READERS[type(rule)](rule, self._sheet):
            within = limit if reading.limit is None else reading.limit
            breach = reading.confirmed and within.breached(reading.value)
            old = mine.get(reading.subject)
            if old is None and not breach:
                self._sheet.tell(rule, "not crossed", reading)
                continue
            new, step = advance(within, old, reading.value, breach, self._now_ms, repeat)
            self._sheet.tell(rule, step, reading)
            self._note(rule, reading, old, new, step)

    def _note(self, rule: BoardRule, reading: Reading, old: State | None, new: State | None, step: Step) -> None:
        event = TOLD.get(step)
        if event is None and new is old:  # holding: what most of what was told is at most boards
            return
        identity = Identity(rule.name, self._scope, rule.about, reading.subject)
        if new != old and not rule.pulse:
            self.transitions.append(Transition(identity, new))
        if event is not None and (event != "resolved" or rule.send_resolved):
            self.fired.append(Firing(rule, identity, _since_told(rule, reading, old), event))


def _since_told(rule: Rule, reading: Reading, old: State | None) -> Reading:
    """A further alert tells how far a level moved since the last one. A change keeps what it is measured from."""
    if old is None or old.alerted_value is None or not isinstance(rule, WinRule | PayoutRule | PoolAboveRule):
        return reading
    return replace(reading, before=old.alerted_value)
