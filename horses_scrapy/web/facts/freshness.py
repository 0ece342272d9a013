"""How fresh each watched track is, and its races with it."""

from horses_scrapy.health.checks.freshness import Freshness as Measured
from horses_scrapy.health.checks.freshness import Standing, freshness
from horses_scrapy.health.checks.tracks import standings
from horses_scrapy.storage.runs import GOOD
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.models.base import Freshness, FreshnessState

LATE = 1 / 3
"""Of what is allowed: an interval."""
UNWATCHED = Freshness(state="idle", age_seconds=None, allowed_seconds=None, reason="not watched")


def by_track(reading: Reading) -> dict[str, Freshness]:
    """By key; a track that is not watched is absent."""

    def find() -> dict[str, Freshness]:
        found = standings(reading.connection, reading.settings, reading.now_ms)
        return {each.key: freshness_of(each, reading.now_ms) for each in found}

    return reading.once("freshness", find)


def freshness_of(track: Standing, now_ms: int) -> Freshness:
    measured = freshness(track, now_ms)
    return Freshness(
        state=_state(measured),
        age_seconds=_seconds(measured.age_ms),
        allowed_seconds=_seconds(measured.allowed_ms),
        reason=None if track.outcome is None or track.outcome in GOOD else f"the last crawl ended with {track.outcome}",
    )


def _state(measured: Measured) -> FreshnessState:
    if measured.allowed_ms is None:
        return "idle"
    if measured.stale:
        return "stale"
    return "late" if measured.age_ms is not None and measured.age_ms > measured.allowed_ms * LATE else "fresh"


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else round(ms / 1000, 1)
