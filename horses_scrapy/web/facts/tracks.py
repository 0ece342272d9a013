"""Every configured track: what it races today, and whether it brings it."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from horses_scrapy.clock import from_ms
from horses_scrapy.config import Track
from horses_scrapy.health.checks.freshness import Standing
from horses_scrapy.health.checks.tracks import standings
from horses_scrapy.storage.health import LastRuns
from horses_scrapy.storage.source_facts import failures_in_a_row
from horses_scrapy.storage.track_facts import CardOfDay, cards_around
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.freshness import UNWATCHED, freshness_of
from horses_scrapy.web.filters import age
from horses_scrapy.web.models.base import Freshness, instant_or_none
from horses_scrapy.web.models.tracks import Condition, LastRun, Tracks, TrackState


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Of all tracks, by key."""

    standings: Mapping[str, Standing]
    cards: Mapping[str, list[CardOfDay]]
    failures: Mapping[str, int]


def tracks(reading: Reading) -> Tracks:
    known = _known(reading)
    settings = reading.settings
    found = [_state(reading, track, known) for _, track in sorted(settings.tracks.items())]
    folder = f"{settings.config_file.parent}/"
    return Tracks(tracks=found, faults=[fault.replace(folder, "") for fault in settings.track_faults])


def last_run(last: LastRuns) -> LastRun | None:
    if last.run_id is None or last.outcome is None:
        return None
    return LastRun(
        run_id=last.run_id,
        outcome=last.outcome,
        reason=last.reason,
        ended_at=instant_or_none(last.ended_at),
        degraded=last.degraded,
    )


def _known(reading: Reading) -> _Known:
    connection, settings = reading.connection, reading.settings
    cards: dict[str, list[CardOfDay]] = {}
    for card in cards_around(connection, reading.now_ms):
        cards.setdefault(card.track_key, []).append(card)
    return _Known(
        standings={each.key: each for each in standings(connection, settings, reading.now_ms)},
        cards=cards,
        failures=failures_in_a_row(connection, {key: [key] for key in settings.enabled_tracks}),
    )


def _state(reading: Reading, track: Track, known: _Known) -> TrackState:
    standing = known.standings.get(track.key)
    fresh = UNWATCHED if standing is None else freshness_of(standing, reading.now_ms)
    last = LastRuns() if standing is None else standing.last
    state, reason = _disabled(reading, track) if standing is None else _condition(fresh, last)
    cards = known.cards.get(track.key, [])
    today = f"{from_ms(reading.now_ms).astimezone(ZoneInfo(track.timezone)):%Y-%m-%d}"
    return TrackState(
        key=track.key,
        code=track.code,
        name=track.name,
        timezone=track.timezone,
        country=track.country,
        source=track.source,
        enabled=standing is not None,
        state=state,
        reason=reason,
        races_today=sum(card.races for card in cards if card.race_date == today),
        next_post=instant_or_none(min((card.next_post for card in cards if card.next_post is not None), default=None)),
        freshness=fresh,
        last_run=last_run(last),
        failures_in_a_row=known.failures.get(track.key, 0),
    )


def _disabled(reading: Reading, track: Track) -> tuple[Condition, str]:
    if reading.settings.sources[track.source].enabled:
        return "disabled", "disabled in tracks.yaml"
    return "disabled", f"its source {track.source} is disabled in tracks.yaml"


def _condition(fresh: Freshness, last: LastRuns) -> tuple[Condition, str | None]:
    """A source that fails before the races are known leaves its tracks idle: so their last crawl counts too."""
    if fresh.state == "stale":
        told = "no board yet" if fresh.age_seconds is None else f"no board for {age(fresh.age_seconds)}"
        return "degraded", told if fresh.reason is None else f"{told}: {fresh.reason}"
    if fresh.reason is not None:
        return "degraded", fresh.reason
    if last.degraded:
        return "degraded", "the last crawl did not read everything"
    if last.outcome == "skipped":
        return ("idle" if fresh.state == "idle" else "ok"), "the last crawl was skipped"
    return ("idle", "no board is due now") if fresh.state == "idle" else ("ok", None)
