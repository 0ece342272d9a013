"""Every track: its last success against its card."""

from sqlalchemy import Connection

from horses_scrapy.config import Settings
from horses_scrapy.health.checks.freshness import Standing, freshness
from horses_scrapy.health.here import Here
from horses_scrapy.health.result import Result, fail, ok, skipped, warn
from horses_scrapy.storage.health import last_runs, newest_boards
from horses_scrapy.storage.queries import RaceOfDay, races_of_day
from horses_scrapy.storage.runs import GOOD

BACK_MS = 12 * 3_600_000
AHEAD_MS = 24 * 3_600_000


def tracks(here: Here) -> Result:
    """Stale: racing, and no success in three intervals. Elsewhere a last crawl that failed is a warning."""
    if not here.settings.enabled_tracks:
        return skipped("no track is enabled")
    now = here.clock.now_ms()
    with here.store() as store, store.read() as connection:
        standing = standings(connection, here.settings, now)
    found = {each.key: (each, freshness(each, now)) for each in standing}
    facts = {key: {"age_ms": fresh.age_ms, "allowed_ms": fresh.allowed_ms} for key, (_, fresh) in found.items()}
    stale = [f"{key} {_since(fresh.age_ms)}" for key, (_, fresh) in found.items() if fresh.stale]
    failed = [
        f"{key} {each.outcome}"
        for key, (each, fresh) in found.items()
        if not fresh.stale and each.outcome is not None and each.outcome not in GOOD
    ]
    racing = [fresh for _, fresh in found.values() if fresh.allowed_ms is not None]
    told = f"{len(racing)} of {len(found)} racing"
    if stale:
        return fail(f"{told}, no boards: {', '.join(stale)}", tracks=facts)
    if failed:
        return warn(f"{told}, last crawl not good: {', '.join(failed)}", tracks=facts)
    oldest = max((fresh.age_ms for fresh in racing if fresh.age_ms is not None), default=None)
    return ok(told if oldest is None else f"{told}, the oldest success {oldest / 1000:.0f} s ago", tracks=facts)


def _since(age_ms: int | None) -> str:
    return "never" if age_ms is None else f"for {age_ms / 1000:.0f} s"


def standings(connection: Connection, settings: Settings, now: int) -> list[Standing]:
    """Of the tracks that are watched, by key."""
    keys = sorted(settings.enabled_tracks)
    races: dict[str, list[RaceOfDay]] = {}
    for race in races_of_day(connection, None, now - BACK_MS, now + AHEAD_MS):
        races.setdefault(race.track_key, []).append(race)
    runs = last_runs(connection, keys)
    boards = newest_boards(connection, [race.race_id for key in keys for race in races.get(key, ())])
    return [
        Standing(
            key=key,
            cadence=settings.cadence(key),
            races=races.get(key, ()),
            good_at=max(
                (
                    at
                    for at in (runs[key].good_at, *(boards.get(race.race_id) for race in races.get(key, ())))
                    if at is not None
                ),
                default=None,
            ),
            last=runs[key],
        )
        for key in keys
    ]
