"""Whether a rule is about a race, a moment, a horse. Pure."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from alerts.rules import RaceRule, Scope
from horses_scrapy.storage.board_view import RaceView, RunnerView
from horses_scrapy.storage.names import name_key

Watched = frozenset[tuple[str, str]]
"""Entries of a watchlist: (field, value)."""


def in_window(rule: RaceRule, minutes: float | None) -> bool:
    if rule.minutes_to_post is None:
        return True
    first, last = rule.minutes_to_post
    return minutes is not None and first <= minutes <= last


def in_scope(rule: RaceRule, race: RaceView) -> bool:
    """By race number; the track was looked up before (RuleSet.boards_of)."""
    return not rule.scope.races or race.race_number in rule.scope.races


def wanted(scope: Scope, runners: Iterable[RunnerView], race: RaceView, watched: Watched) -> bool:
    """Whether one of the runners is within the scope."""
    return any(asked(scope, runner.program_number, facts_of(runner, race), watched) for runner in runners)


def asked(scope: Scope, program_number: str, facts: Mapping[str, str], watched: Watched) -> bool:
    named = (("horse", scope.horses), ("jockey", scope.jockeys), ("trainer", scope.trainers))
    return (
        all(not names or facts[key] in _keys(names) for key, names in named)
        and (not scope.program_numbers or program_number in scope.program_numbers)
        and (scope.watchlist is None or not watched.isdisjoint(facts.items()))
    )


@lru_cache(maxsize=4096)
def _keys(names: tuple[str, ...]) -> frozenset[str]:
    """A rule's names as they are compared: the same for every board."""
    return frozenset(map(_key, names))


@lru_cache(maxsize=4096)
def _key(name: str) -> str:
    """Of a card's names, which every board of a race brings again."""
    return name_key(name)


def facts_of(runner: RunnerView, race: RaceView) -> dict[str, str]:
    """What a watchlist may name, as its entries are stored."""
    return {
        "horse": _key(runner.horse),
        "jockey": _key(runner.jockey or ""),
        "trainer": _key(runner.trainer or ""),
        "program": runner.program_number,
        "track": race.track_key,
        "race": f"{race.track_key}/{race.race_number}",
    }
