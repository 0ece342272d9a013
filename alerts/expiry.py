"""When an alert is too old to be sent. Decided at send, by how the race stands then. Pure."""

from alerts.rules.base import SystemRule
from alerts.rules.kinds import KINDS
from alerts.rules.race import RaceStatusRule, ResultRule
from horses_scrapy.storage.outbox import RaceNow

AFTER_POST_MS = 45 * 60_000
TIME_TO_LIVE_MS = 2 * 3_600_000
"""Of results, status and system alerts; and where no post time is known."""
OFF = frozenset({"closed", "unofficial", "official", "cancelled"})


def outlives_the_race(kind: str) -> bool:
    """Results, status and system alerts are worth telling after the off."""
    return issubclass(KINDS[kind], ResultRule | RaceStatusRule | SystemRule)


def expires_at(kind: str, post_time: int | None, triggered_at: int) -> int:
    """At the latest; the mailer looks again at the race before it sends."""
    if post_time is None or outlives_the_race(kind):
        return triggered_at + TIME_TO_LIVE_MS
    return post_time + AFTER_POST_MS


def why_expired(kind: str, race: RaceNow, expires: int | None, now_ms: int) -> str | None:
    """Why an alert must not go out any more, None where it may."""
    if outlives_the_race(kind):
        return "too late: it was worth telling for two hours" if expires is not None and now_ms > expires else None
    if race.off_at is not None or race.status in OFF:
        return f"the race is off ({race.status})"
    last = expires if race.post_time is None else race.post_time + AFTER_POST_MS
    return "too late: the post was long ago" if last is not None and now_ms > last else None
