"""One change of a card against the rules: what happened is told once; there is no level to cross. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from alerts.evaluate import Evaluation, Transition, scope_of
from alerts.history import minutes_to_post
from alerts.limits import Identity, State
from alerts.reading.sheet import Judgement, Watched, Witness, in_scope, in_window, wanted
from alerts.rules import EventRule, RuleSet
from alerts.rules.race import ScratchRule
from alerts.rules.rule_set import names_track
from horses_scrapy.items import OUT
from horses_scrapy.storage.alert_history import CardChange
from horses_scrapy.storage.board_view import RaceView, RunnerView


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A change with the race around it as it was then. runner: the entry that it is about, None where it is the race."""

    change: CardChange
    race: RaceView
    source: str
    runners: tuple[RunnerView, ...]
    runner: RunnerView | None
    watched: Mapping[str, Watched] = field(default_factory=dict)

    @property
    def concerned(self) -> tuple[RunnerView, ...]:
        """Whose names a scope is asked about."""
        return self.runners if self.runner is None else (self.runner,)


@dataclass(frozen=True, slots=True)
class EventFiring:
    rule: EventRule
    identity: Identity
    happening: Happening


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a change does to one rule: whether it alerts, and the identity's state after it (None: inactive)."""

    alert: bool
    state: State | None
    reason: str = ""


Decide = Callable[[Any, Happening, State | None], Verdict]


def evaluate_event(
    happening: Happening, rules: RuleSet, states: Mapping[Identity, State], witness: Witness | None = None
) -> Evaluation[EventFiring]:
    transitions: list[Transition] = []
    fired: list[EventFiring] = []
    for rule in rules.on_events:
        if happening.change.field.partition(":")[0] not in rule.fields or not names_track(rule, happening.race):
            continue
        identity = Identity(rule.name, scope_of(happening.race), "", _subject(happening))
        old = states.get(identity)
        shut = _shut(rule, happening)
        verdict = DECIDE[type(rule)](rule, happening, old) if shut is None else Verdict(False, old, shut)
        if witness is not None:
            step = "fired" if verdict.alert else "skipped" if shut is not None else "not crossed"
            witness(Judgement(rule.name, identity.subject, step, verdict.reason))
        if verdict.state != old:
            transitions.append(Transition(identity, verdict.state))
        if verdict.alert:
            fired.append(EventFiring(rule, identity, happening))
    return Evaluation(transitions, fired)


def _subject(happening: Happening) -> str:
    return "" if happening.runner is None else happening.runner.program_number


def _shut(rule: EventRule, happening: Happening) -> str | None:
    """Why the rule is not asked at all."""
    watched = happening.watched.get(rule.scope.watchlist or "", frozenset())
    if not in_scope(rule, happening.race):
        return "another race"
    if rule.scope.of_runners and not wanted(rule.scope, happening.concerned, happening.race, watched):
        return "not in its scope"
    if not in_window(rule, minutes_to_post(None, happening.race.post_time, happening.change.at)):
        return "outside its window"
    return None


def scratched(_rule: ScratchRule, happening: Happening, old: State | None) -> Verdict:
    """A horse that was taken out fires once; one that is put back can be taken out again."""
    if happening.runner is None:
        return Verdict(False, old, "the race's own status")
    out = happening.change.new in OUT
    if not out:
        return Verdict(False, None, "runs")
    if old is not None:
        return Verdict(False, old, "was out before")
    return Verdict(True, State("firing", 1, None, happening.change.at))


DECIDE: Mapping[type[EventRule], Decide] = MappingProxyType({ScratchRule: scratched})
