"""When an alert is too old to be sent. Decided at send, by how the race stands then. Pure."""

from alerts.rules.base import SystemRule
from alerts.rules.kinds import KINDS
from alerts.rules.race import RaceStatusRule, ResultRule
from horses_scrapy.storage.outbox_rows import RaceNow

AFTER_POST_MS = 45 * 60_000
TIME_TO_LIVE_MS = 2 * 3_600_000
"""Of results, status and system alerts; and where no post time is known."""
OFF = frozenset({"closed", "unofficial", "official", "cancelled"})


def outlives_the_race(kind: str | None) -> bool:
    """Results, status and system alerts are worth telling after the off, and so is a notice of ours (None).

    A kind that this version does not know is one about prices: those are what perishes.
    """
    if kind is None:
        return True
    model = KINDS.get(kind)
    return model is not None and issubclass(model, ResultRule | RaceStatusRule | SystemRule)


def expires_at(kind: str, post_time: int | None, triggered_at: int) -> int:
    """At the latest; the mailer looks again at the race before it sends."""
    if post_time is None or outlives_the_race(kind):
        return triggered_at + TIME_TO_LIVE_MS
    return post_time + AFTER_POST_MS


def why_expired(kind: str | None, race: RaceNow, expires: int | None, now_ms: int) -> str | None:
    """Why an alert, or a notice (kind None), must not go out any more, None where it may."""
    if outlives_the_race(kind):
        return "too late: it was worth telling for two hours" if expires is not None and now_ms > expires else None
    if is_off(race.status, race.off_at):
        return f"the race is off ({race.status})"
    last = expires if race.post_time is None else race.post_time + AFTER_POST_MS
    return "too late: the post was long ago" if last is not None and now_ms > last else None


def is_off(status: str | None, off_at: int | None) -> bool:
    return off_at is not None or status in OFF
