"""Every source: how its crawls end, and how often its boards can be trusted."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from alerts.history import HARMLESS
from horses_scrapy.hosts import origin
from horses_scrapy.storage.health import LastRuns, last_runs
from horses_scrapy.storage.planning import host_use
from horses_scrapy.storage.source_facts import (
    HOUR_MS,
    SUCCESS,
    Ended,
    Flagged,
    ended_runs,
    failures_in_a_row,
)
from horses_scrapy.storage.system_facts import SILENT
from horses_scrapy.web.counted import Counted
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.tracks import last_run, tracks
from horses_scrapy.web.models.sources import Rate, Sources, SourceState, Trust
from horses_scrapy.web.models.tracks import Condition, LastRun, TrackState


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Of all sources."""

    ended: Sequence[Ended]
    last: Mapping[str, LastRuns]
    failures: Mapping[str, int]
    boards: Sequence[Flagged]
    requests: Mapping[str, int]


def sources(reading: Reading, counted: Counted) -> Sources:
    return sources_of(reading, tracks(reading).tracks, counted)


def sources_of(reading: Reading, states: Iterable[TrackState], counted: Counted) -> Sources:
    """Of the tracks' states."""
    watched: dict[str, list[TrackState]] = {name: [] for name in sorted(reading.settings.sources)}
    for state in states:
        if state.enabled:
            watched[state.source].append(state)
    known = _known(reading, watched, counted)
    return Sources(sources=[_state(reading, name, own, known) for name, own in watched.items()])


def _known(reading: Reading, watched: Mapping[str, Collection[TrackState]], counted: Counted) -> _Known:
    connection, now = reading.connection, reading.now_ms
    groups = {name: [track.key for track in own] for name, own in watched.items()}
    keys = [key for own in groups.values() for key in own]
    hosts = {host for name, own in groups.items() if (host := _host(reading, name, own)) is not None}
    return _Known(
        ended=ended_runs(connection, keys, now),
        last=last_runs(connection, keys),
        failures=failures_in_a_row(connection, groups),
        boards=counted.boards(connection, now),
        requests=host_use(connection, hosts, now - HOUR_MS),
    )


def _host(reading: Reading, name: str, keys: Sequence[str]) -> str | None:
    """A track may name another one than its source; the first track's then."""
    settings = reading.settings
    url = settings.tracks[keys[0]].base_url if keys else settings.sources[name].base_url
    return None if url is None else origin(url)[1]


def _state(reading: Reading, name: str, own: Sequence[TrackState], known: _Known) -> SourceState:
    keys = [track.key for track in own]
    host = _host(reading, name, keys)
    ended = [each for each in known.ended if each.track in keys]
    boards = [each for each in known.boards if each.source == name]
    return SourceState(
        name=name,
        host=host,
        enabled=reading.settings.sources[name].enabled,
        tracks=keys,
        state=_condition(own),
        last_hour=_rate((each.outcome, each.hour) for each in ended),
        last_day=_rate((each.outcome, each.day) for each in ended),
        last_run=_newest(known.last[key] for key in keys),
        failures_in_a_row=known.failures.get(name, 0),
        trust_day=_trust((each.flags, each.day) for each in boards),
        trust_week=_trust((each.flags, each.week) for each in boards),
        requests_last_hour=0 if host is None else known.requests.get(host, 0),
    )


def _condition(own: Sequence[TrackState]) -> Condition:
    if not own:
        return "disabled"
    states = {track.state for track in own}
    return "degraded" if "degraded" in states else "ok" if "ok" in states else "idle"


def _rate(counted: Iterable[tuple[str, int]]) -> Rate:
    outcomes: Counter[str] = Counter()
    for outcome, count in counted:
        outcomes[outcome] += count
    outcomes = +outcomes
    runs = sum(count for outcome, count in outcomes.items() if outcome not in SILENT)
    good = sum(outcomes[outcome] for outcome in SUCCESS)
    return Rate(
        runs=runs, failed=runs - good, success=good / runs if runs else None, outcomes=dict(sorted(outcomes.items()))
    )


def _trust(counted: Iterable[tuple[frozenset[str], int]]) -> Trust:
    boards = sound = 0
    flags: Counter[str] = Counter()
    for told, count in counted:
        boards += count
        sound += 0 if told - HARMLESS else count
        flags.update(dict.fromkeys(told - HARMLESS, count))
    return Trust(
        boards=boards, sound=sound, ratio=sound / boards if boards else None, flags=dict(sorted((+flags).items()))
    )


def _newest(last: Iterable[LastRuns]) -> LastRun | None:
    ended = [each for each in last if each.ended_at is not None]
    return last_run(max(ended, key=lambda each: each.ended_at or 0)) if ended else None
