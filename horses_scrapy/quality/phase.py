"""Where a race stands, and until when its next board is due. Instants are epoch milliseconds."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from horses_scrapy.checks import SUSPECT
from horses_scrapy.clock import from_ms
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.quality.verdict import Asked
from horses_scrapy.storage.quality.facts import RaceFacts, Seen

OFF = frozenset({"closed", "unofficial", "official"})
NOT_RUN = frozenset({"cancelled", "postponed"})
LATE_BY = 2
"""So many times the cadence may pass until the next board."""


def today(race: RaceFacts, asked: Asked) -> date:
    """At the track."""
    return from_ms(asked.now).astimezone(ZoneInfo(race.timezone)).date()


def was_run(race: RaceFacts, asked: Asked) -> bool:
    """As far as anybody knows: it went off, or its post is so long past that nobody asks for it any more."""
    if race.status in NOT_RUN:
        return False
    return race.status in OFF or given_up(race, asked)


def given_up(race: RaceFacts, asked: Asked) -> bool:
    """Whether crawls ask for the race no more, as far as its post tells."""
    if race.post_time is None:
        return date.fromisoformat(race.race_date) < today(race, asked) - timedelta(days=1)
    return asked.now >= race.post_time + asked.scraping.after_post_cap * 1000


def imported(race: RaceFacts) -> bool:
    """Whether it came into the database after its off: nobody could watch it."""
    return race.off is not None and race.created_at >= race.off


def known_too_late(race: RaceFacts, told: Scraping) -> bool:
    """Whether its last minutes had begun when it came into the database."""
    at = race.off if race.post_time is None else race.post_time
    return at is not None and race.created_at > at - told.near_post_threshold * 1000


def due_by(at: int, post: int | None, told: Scraping) -> int:
    """Twice the cadence after a board: near the post the shorter one, from the instant on at which it begins."""
    far, near = LATE_BY * told.default_interval * 1000, LATE_BY * told.near_post_interval * 1000
    if post is None:
        return at + far
    opens = post - told.near_post_threshold * 1000
    return at + near if at >= opens else min(at + far, opens + near)


def is_sound(seen: Seen) -> bool:
    return SUSPECT not in seen.flags
