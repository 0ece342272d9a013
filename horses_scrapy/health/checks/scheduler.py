"""The scheduler: that it looks, and that nothing is left lying which was due."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.health.here import Here
from horses_scrapy.health.result import Result, fail, ok
from horses_scrapy.storage.health import Overdue, leading, overdue
from horses_scrapy.storage.slots import CARD, NEAR, WINDOW

NAME = "scheduler"
TICKS = 3
LEAST_S = 30.0
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """looked_s: real seconds since its newest look; allowed_s: how old that may be. overdue: oldest first."""

    holder: str
    looked_s: float
    allowed_s: float
    overdue: Sequence[Overdue]


def scheduler(here: Here) -> Result:
    """Its newest look, and slots that are neither posted nor given up after half their interval."""
    now = here.clock.now_ms()
    with here.store() as store, store.read() as connection:
        found = looking(connection, here.settings, here.clock, now)
    return judged_scheduler(found, now)


def looking(connection: Connection, settings: Settings, clock: Clock, now: int) -> Looking | None:
    """None: it never looked here."""
    leads = leading(connection, NAME)
    if leads is None:
        return None
    return Looking(
        holder=leads.holder,
        looked_s=(now - leads.renewed_at) / 1000 / clock.rate,
        allowed_s=max(LEAST_S, TICKS * settings.scheduler.tick),
        overdue=overdue(connection, _due_before(settings, now), now - DAY_MS),
    )


def judged_scheduler(found: Looking | None, now: int) -> Result:
    if found is None:
        return fail("it never looked here: start scripts/scheduler.py")
    age, late = found.looked_s, found.overdue
    facts = {"looked_s": round(age, 1), "holder": found.holder, "overdue": [slot.job_id for slot in late[:20]]}
    if age > found.allowed_s:
        return fail(f"{found.holder} last looked {age:.0f} s ago: is it running?", **facts)
    if late:
        oldest = (now - late[0].due_at) / 1000
        return fail(f"{len(late)} due jobs are not posted, {late[0].job_id} since {oldest:.0f} s", **facts)
    return ok(f"{found.holder} looked {max(0.0, age):.0f} s ago, nothing is overdue", **facts)


def _due_before(settings: Settings, now: int) -> dict[str, int]:
    """By kind; a slot is given up after half its interval, at the next look."""
    told, spare = settings.scraping, TICKS * settings.scheduler.tick
    grace = {CARD: told.far_interval / 2, NEAR: told.near_post_interval / 2, WINDOW: told.near_post_interval / 2}
    return {kind: now - round((half + spare) * 1000) for kind, half in grace.items()}
