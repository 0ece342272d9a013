"""Caps: so many messages about races to one recipient by one channel. Pure.

All messages about races count, results too; those about ourselves do not, nor do summaries of what a cap held back.
"""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Literal

from alerts.delivery.group import Group
from alerts.rules.policy import Delivery
from horses_scrapy.clock import from_ms, to_ms
from horses_scrapy.storage.deliveries import Sent

Window = Literal["race", "hour", "day"]
HOUR_MS = 3_600_000
ABOUT_RACE = "race:"


def why_capped(group: Group, sent: Sequence[Sent], now_ms: int, policy: Delivery) -> str | None:
    """Which cap is used up; `sent` with what this flush has made so far. The one of the shortest reach is named."""
    scope, recipient, channel, _ = group.key
    if not scope.startswith(ABOUT_RACE):
        return None
    caps = policy.caps_of(recipient)
    mine = [one for one in sent if (one.recipient, one.channel) == (recipient, channel)]
    about_races = [one.created_at for one in mine if one.scope.startswith(ABOUT_RACE)]
    midnight = day_began(now_ms, policy.person(recipient).zone)
    used: tuple[tuple[Window, int | None, int], ...] = (
        ("race", caps.race, sum(one.scope == scope for one in mine)),
        ("hour", caps.hour, sum(now_ms - HOUR_MS < at <= now_ms for at in about_races)),
        ("day", caps.day, sum(midnight <= at <= now_ms for at in about_races)),
    )
    return next((reason(window, cap) for window, cap, count in used if cap is not None and count >= cap), None)


def reason(window: Window, cap: int) -> str:
    return f"cap: {cap} message{'s' if cap != 1 else ''} {'an' if window == 'hour' else 'a'} {window}"


def window_of(reason: str) -> Window:
    """Of a reason as it stands in a delivery. Raises ValueError."""
    window = reason.rpartition(" ")[2]
    if window not in {"race", "hour", "day"}:
        raise ValueError(f"{reason!r} names no cap")
    return window  # type: ignore[return-value]


def day_began(now_ms: int, zone: object) -> int:
    """Midnight of the recipient's day."""
    local = from_ms(now_ms).astimezone(zone)  # type: ignore[arg-type]
    return to_ms(datetime.combine(local.date(), time(), local.tzinfo))
