"""Quiet hours: by the clock on the recipient's wall, so a change to summer time moves nothing. Pure."""

from datetime import time

from alerts.delivery.standing import Standing
from alerts.rules.policy import Delivery, Person, Quiet
from horses_scrapy.clock import from_ms
from horses_scrapy.storage.outbox_rows import Waiting


def why_quiet(each: Waiting, standing: Standing, policy: Delivery) -> str | None:
    person = policy.person(each.recipient)
    if each.severity == "urgent" or person.quiet is None or not is_quiet(person, standing.now_ms):
        return None
    return f"quiet hours {person.quiet.since:%H:%M}-{person.quiet.until:%H:%M} ({person.timezone})"


def is_quiet(person: Person, now_ms: int) -> bool:
    wall = from_ms(now_ms).astimezone(person.zone).time()
    return person.quiet is not None and within(person.quiet, wall)


def within(quiet: Quiet, wall: time) -> bool:
    """From `since`, included, to `until`, excluded; over midnight where it is the later one."""
    if quiet.since < quiet.until:
        return quiet.since <= wall < quiet.until
    return wall >= quiet.since or wall < quiet.until
