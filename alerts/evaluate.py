"""One board or one change of the card against the rules: what fires, and which states move. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from alerts.history import History, minutes_to_post, sound
from alerts.limits import Identity, State, advance
from alerts.readings import Reading, applies, in_window, readings, wanted
from alerts.rules import BoardRule, DropRule, PairRule, Rule, RuleSet, ScratchRule, WinRule
from horses_scrapy.items import OUT
from horses_scrapy.storage.alert_history import StatusChange
from horses_scrapy.storage.board_view import BoardView, RaceView, RunnerView


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


@dataclass(frozen=True, slots=True)
class ScratchFiring:
    rule: ScratchRule
    identity: Identity


Told = TypeVar("Told", Firing, ScratchFiring)


@dataclass(frozen=True, slots=True)
class Evaluation(Generic[Told]):
    transitions: Sequence[Transition] = ()
    fired: Sequence[Told] = ()


def scope_of(race: RaceView) -> str:
    return f"race:{race.race_id}"


def evaluate(
    board: BoardView, before: History, rules: RuleSet, states: Mapping[Identity, State], now_ms: int
) -> Evaluation[Firing]:
    """Boards of other sources than the race's primary, and boards that are not sound, move nothing."""
    if not board.is_primary or not sound(board.status, board.flags):
        return Evaluation()
    transitions: list[Transition] = []
    fired: list[Firing] = []
    for rule, reading in _judged(board, before, rules):
        identity = Identity(rule.name, scope_of(board.race), market_of(rule), reading.subject)
        limit = rule.limit
        old = states.get(identity)
        breach = limit.breached(reading.value) and reading.confirmed
        new, alert = advance(limit, old, reading.value, breach, now_ms)
        if new != old:
            transitions.append(Transition(identity, new))
        if alert:
            fired.append(Firing(rule, identity, _since_told(rule, reading, old)))
    return Evaluation(transitions, fired)


def _since_told(rule: BoardRule, reading: Reading, old: State | None) -> Reading:
    """A further alert tells how far the value moved since the last one. A drop keeps the price it is measured from."""
    if old is None or old.alerted_value is None or isinstance(rule, DropRule):
        return reading
    return replace(reading, before=old.alerted_value)


def _judged(board: BoardView, before: History, rules: RuleSet) -> Iterator[tuple[BoardRule, Reading]]:
    for rule in rules.on_boards:
        if applies(rule.scope, board.race):
            yield from ((rule, reading) for reading in readings(rule, board, before))


def market_of(rule: Rule) -> str:
    if isinstance(rule, WinRule | DropRule):
        return rule.market
    return rule.bet_type if isinstance(rule, PairRule) else ""


def evaluate_scratch(
    runner: RunnerView, change: StatusChange, race: RaceView, rules: RuleSet, states: Mapping[Identity, State]
) -> Evaluation[ScratchFiring]:
    """A horse that was taken out fires once; one that is put back can be taken out again."""
    transitions: list[Transition] = []
    fired: list[ScratchFiring] = []
    out = change.new in OUT
    minutes = minutes_to_post(None, race.post_time, change.at)
    for rule in rules.on_scratches:
        identity = Identity(rule.name, scope_of(race), market_of(rule), runner.program_number)
        asked = applies(rule.scope, race) and in_window(rule, minutes) and wanted(rule.scope, (runner,))
        if not asked or out == (identity in states):
            continue
        transitions.append(Transition(identity, State("firing", 1, None, change.at) if out else None))
        if out:
            fired.append(ScratchFiring(rule, identity))
    return Evaluation(transitions, fired)
