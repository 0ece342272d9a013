"""One change of a card against the rules: what happened is told once; there is no level to cross. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from alerts.evaluate import Evaluation, Transition, scope_of
from alerts.history import minutes_to_post
from alerts.limits import Identity, State
from alerts.reading.scope import Watched, in_scope, in_window, wanted
from alerts.reading.sheet import Judgement, Witness
from alerts.rules import EventRule, RuleSet
from alerts.rules.race import JockeyRule, OffTurfRule, PostTimeRule, RaceStatusRule, ResultRule, ScratchRule
from alerts.rules.rule_set import names_track
from horses_scrapy.items import OUT
from horses_scrapy.storage.alert_history import CardChange
from horses_scrapy.storage.board_view import RaceView, RunnerView
from horses_scrapy.storage.names import name_key
from horses_scrapy.storage.result_reader import ResultView

LONG_OVER_MS = 6 * 3_600_000
"""After the post: what is seen of a race by then was fetched for the record, and nobody waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A change with the race around it as it was then. runner: the entry that it is about, None where it is the race.

    result: as it was then, where the change is that there is one.
    """

    change: CardChange
    race: RaceView
    source: str
    runners: tuple[RunnerView, ...]
    runner: RunnerView | None
    result: ResultView | None = None
    watched: Mapping[str, Watched] = field(default_factory=dict)

    @property
    def concerned(self) -> tuple[RunnerView, ...]:
        """Whose names a scope is asked about."""
        return self.runners if self.runner is None else (self.runner,)


@dataclass(frozen=True, slots=True)
class EventFiring:
    """An alert to be told. old: the identity's state before it, None where it was inactive."""

    rule: EventRule
    identity: Identity
    happening: Happening
    old: State | None = None


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
        if not _about(rule, happening.change) or not names_track(rule, happening.race):
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
            fired.append(EventFiring(rule, identity, happening, old))
    return Evaluation(transitions, fired)


def _about(rule: EventRule, change: CardChange) -> bool:
    return change.field in rule.fields and rule.of_runner == (change.entry_id is not None)


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
    if happening.race.post_time is not None and happening.change.at - happening.race.post_time > LONG_OVER_MS:
        return "the race was over long ago"
    return None


def scratched(_rule: ScratchRule, happening: Happening, old: State | None) -> Verdict:
    """A horse that was taken out fires once; one that is put back can be taken out again."""
    if happening.change.new not in OUT:
        return Verdict(False, None, "runs")
    if old is not None:
        return Verdict(False, old, "was out before")
    return Verdict(True, State("firing", 1, None, happening.change.at))


def jockey_changed(_rule: JockeyRule, happening: Happening, old: State | None) -> Verdict:
    """A name that is printed otherwise is the same rider."""
    change, runner = happening.change, happening.runner
    if change.old is None or change.new is None:
        return Verdict(False, old, "the first that is named")
    if name_key(change.old) == name_key(change.new):
        return Verdict(False, old, "the same name")
    if runner is not None and runner.status in OUT:
        return Verdict(False, old, "the horse is out")
    return Verdict(True, old)


def post_moved(rule: PostTimeRule, happening: Happening, old: State | None) -> Verdict:
    """From the post that was last told; its state keeps that one, so that a post which drags minute by minute is told."""
    change = happening.change
    told, post = told_post(happening, old), _instant(change.new)
    if told is None or post is None:
        return Verdict(False, old, "the first that is known")
    if abs(post - told) < rule.minutes * 60_000:
        return Verdict(False, State("pending", 0, told, change.at) if old is None else old, "too little")
    return Verdict(True, State("firing", 1, post, change.at))


def told_post(happening: Happening, old: State | None) -> int | None:
    """The post that people know of (epoch milliseconds): the last that was told, else the one before the change."""
    return _instant(happening.change.old) if old is None else old.alerted_value


def _instant(value: str | None) -> int | None:
    return None if value is None else int(value)


def status_reached(rule: RaceStatusRule, happening: Happening, old: State | None) -> Verdict:
    """A status is not reached twice: sources do not go back."""
    if happening.change.new not in rule.statuses:
        return Verdict(False, old, f"{happening.change.new} is not asked for")
    return Verdict(True, old)


def off_the_turf(_rule: OffTurfRule, happening: Happening, old: State | None) -> Verdict:
    if happening.change.old != "turf":
        return Verdict(False, old, "was not on turf")
    return Verdict(True, old)


def official(_rule: ResultRule, happening: Happening, old: State | None) -> Verdict:
    """There is one such change in a race's life (storage.results)."""
    if happening.result is None:
        return Verdict(False, old, "it was taken back")
    return Verdict(True, old)


DECIDE: Mapping[type[EventRule], Decide] = MappingProxyType(
    {
        ScratchRule: scratched,
        JockeyRule: jockey_changed,
        PostTimeRule: post_moved,
        RaceStatusRule: status_reached,
        OffTurfRule: off_the_turf,
        ResultRule: official,
    }
)
