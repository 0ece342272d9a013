"""The scheduler: that it looks, and that nothing is left lying which was due."""

from horses_scrapy.health.here import Here
from horses_scrapy.health.result import Result, fail, ok
from horses_scrapy.storage.health import leading, overdue
from horses_scrapy.storage.slots import CARD, NEAR, WINDOW

NAME = "scheduler"
TICKS = 3
LEAST_S = 30.0
DAY_MS = 86_400_000


def scheduler(here: Here) -> Result:
    """Its newest look, and slots that are neither posted nor given up after half their interval."""
    now = here.clock.now_ms()
    with here.store() as store, store.read() as connection:
        leads = leading(connection, NAME)
        late = overdue(connection, _due_before(here, now), now - DAY_MS)
    if leads is None:
        return fail("it never looked here: start scripts/scheduler.py")
    age = (now - leads.renewed_at) / 1000 / here.clock.rate
    facts = {"looked_s": round(age, 1), "holder": leads.holder, "overdue": [slot.job_id for slot in late[:20]]}
    limit = max(LEAST_S, TICKS * here.settings.scheduler.tick)
    if age > limit:
        return fail(f"{leads.holder} last looked {age:.0f} s ago: is it running?", **facts)
    if late:
        oldest = (now - late[0].due_at) / 1000
        return fail(f"{len(late)} due jobs are not posted, {late[0].job_id} since {oldest:.0f} s", **facts)
    return ok(f"{leads.holder} looked {max(0.0, age):.0f} s ago, nothing is overdue", **facts)


def _due_before(here: Here, now: int) -> dict[str, int]:
    """By kind; a slot is given up after half its interval, at the next look."""
    told, spare = here.settings.scraping, TICKS * here.settings.scheduler.tick
    grace = {CARD: told.far_interval / 2, NEAR: told.near_post_interval / 2, WINDOW: told.near_post_interval / 2}
    return {kind: now - round((half + spare) * 1000) for kind, half in grace.items()}
