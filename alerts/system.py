"""Rules about ourselves against the facts: what fires, what is over, and which states move. Pure.

The semantics are those of boards, with levels that the readers decide: an alert once something becomes true, another once
it is over, and nothing while it is unknown or lasts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from alerts.evaluate import Evaluation, Transition
from alerts.limits import Event, Identity, State
from alerts.reading.facts import Finding, Here, SystemFacts
from alerts.reading.system import HOUSE_READERS, TRACK_READERS
from alerts.rules import RuleSet, SystemRule
from horses_scrapy.storage.system_facts import TrackFacts

SYSTEM = "system"
"""Scope of what is of no track."""
FORGOTTEN_MS = 12 * 3_600_000
"""What nothing has been known of for half a day is forgotten silently: the next race day tells it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFiring:
    """since: when it was first told. track: its key, None where it is of no track."""

    rule: SystemRule
    identity: Identity
    finding: Finding
    event: Event
    track: str | None
    since: int


def scope_of(track: str) -> str:
    return f"track:{track}"


def evaluate_system(
    facts: SystemFacts, rules: RuleSet, states: Mapping[Identity, State], now_ms: int
) -> Evaluation[SystemFiring]:
    """`states` may hold those of tracks that the facts leave out: they stay."""
    judge = _Judge(facts, rules, states, now_ms)
    for rule in rules.on_ourselves:
        for scope, track in _scopes(rule, facts):
            judge.rule(rule, scope, track)
    if facts.house is not None:
        judge.forget_others()
    return Evaluation(judge.transitions, judge.fired)


def names(rule: SystemRule, key: str, code: str) -> bool:
    """Whether the rule's scope holds the track, by key or code."""
    asked = {track.casefold() for track in rule.scope.tracks}
    return not asked or not asked.isdisjoint({key.casefold(), code.casefold()})


def _scopes(rule: SystemRule, facts: SystemFacts) -> Iterator[tuple[str, TrackFacts | None]]:
    if type(rule) in TRACK_READERS:
        yield from ((scope_of(track.key), track) for track in facts.tracks if names(rule, track.key, track.code))
    elif facts.house is not None:
        yield SYSTEM, None


class _Judge:
    """What the rules have made of the facts so far."""

    def __init__(self, facts: SystemFacts, rules: RuleSet, states: Mapping[Identity, State], now_ms: int) -> None:
        self.transitions: list[Transition] = []
        self.fired: list[SystemFiring] = []
        self._facts, self._rules, self._states, self._now_ms = facts, rules, states, now_ms

    def rule(self, rule: SystemRule, scope: str, track: TrackFacts | None) -> None:
        mine = {key: state for key, state in self._states.items() if (key.rule, key.scope) == (rule.name, scope)}
        known: set[Identity] = set()
        for finding in self._findings(rule, track, mine):
            identity = Identity(rule.name, scope, "", finding.subject)
            known.add(identity)
            self._move(rule, identity, finding, mine.get(identity), None if track is None else track.key)
        self._forget(
            key for key, state in mine.items() if key not in known and self._now_ms - state.since >= FORGOTTEN_MS
        )

    def _findings(
        self, rule: SystemRule, track: TrackFacts | None, mine: Mapping[Identity, State]
    ) -> Iterator[Finding]:
        alerted = {key.subject: state.alerted_value or 0 for key, state in mine.items()}
        grouping = self._rules.delivery.grouping
        here = Here(now_ms=self._now_ms, facts=self._facts, alerted=alerted, grouping=grouping)
        if track is not None:
            return TRACK_READERS[type(rule)](rule, track, here)
        assert self._facts.house is not None
        return HOUSE_READERS[type(rule)](rule, self._facts.house, here)

    def _move(
        self, rule: SystemRule, identity: Identity, finding: Finding, before: State | None, track: str | None
    ) -> None:
        told = SystemFiring(
            rule=rule, identity=identity, finding=finding, event="fired", track=track, since=self._now_ms
        )
        if before is None and finding.standing == "breach":
            self.transitions.append(Transition(identity, State("firing", 1, finding.value, self._now_ms)))
            self.fired.append(told)
        elif before is not None and finding.standing == "over":
            self._forget([identity])
            if rule.send_resolved:
                self.fired.append(replace(told, event="resolved", since=before.since))

    def forget_others(self) -> None:
        """What no rule of ours asks for any more: left behind, it would say for ever that a source is down."""
        rules = {rule.name: rule for rule in self._rules.on_ourselves}
        codes = {scope_of(track.key): (track.key, track.code) for track in self._facts.tracks}
        for identity in self._states:
            if identity.scope != SYSTEM and not identity.scope.startswith(scope_of("")):
                continue
            rule = rules.get(identity.rule)
            outside = rule is not None and identity.scope in codes and not names(rule, *codes[identity.scope])
            if rule is None or outside:
                self._forget([identity])

    def _forget(self, identities: Iterator[Identity] | list[Identity]) -> None:
        self.transitions += [Transition(identity, None) for identity in identities]
