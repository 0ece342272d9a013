"""When kept answers about races still hold: docs/adr/0019."""

from collections.abc import Hashable
from datetime import timedelta

from horses_scrapy.clock import from_ms
from horses_scrapy.storage.marks import race_mark, races_mark
from horses_scrapy.web.desk import Mark, Reading
from horses_scrapy.web.facts.freshness import by_track

AGES_MS = 10_000
"""Ages, and minutes to a post, are not older than this; nor is what stands in configuration files."""
DAYS = timedelta(days=2)
"""Before today: races that a list of today may hold."""


def of_race(race_id: int) -> Mark:
    return lambda reading: (race_mark(reading.connection, race_id), *_around(reading))


def of_races(reading: Reading) -> Hashable:
    since = (from_ms(reading.now_ms) - DAYS).date().isoformat()
    return (races_mark(reading.connection, since), *_around(reading))


def _around(reading: Reading) -> tuple[Hashable, ...]:
    fresh = tuple((key, one.state, one.reason) for key, one in by_track(reading).items())
    return reading.now_ms // AGES_MS, fresh
