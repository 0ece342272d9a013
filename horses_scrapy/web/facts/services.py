"""The processes beside this one, and the database: what scripts/health_check.py checks, as facts."""

from typing import Literal

from horses_scrapy.health.checks.jobs import judged_scrapyd
from horses_scrapy.health.checks.outbox import judged_outbox, waiting
from horses_scrapy.health.checks.scheduler import judged_scheduler, looking
from horses_scrapy.health.lateness import last_hour
from horses_scrapy.health.result import Result
from horses_scrapy.storage.health import newest_instant
from horses_scrapy.storage.status_facts import database_facts, open_deliveries
from horses_scrapy.storage.track_facts import newest_board
from horses_scrapy.web import watch
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.models.base import instant_or_none
from horses_scrapy.web.models.status import Database, Lateness, Outbox, Scheduler, Scrapyd


def database(reading: Reading) -> Database:
    facts = database_facts(reading.connection)
    return Database(
        kind="sqlite" if reading.connection.dialect.name == "sqlite" else "postgresql",
        purpose=facts.purpose,
        revision=facts.revision,
        size_bytes=facts.size_bytes,
        newest_board_at=instant_or_none(newest_board(reading.connection)),
        newest_write_at=instant_or_none(newest_instant(reading.connection)),
    )


def scrapyd(said: watch.Scrapyd | None) -> Scrapyd:
    """Jobs that wait while none runs are told by the health check alone: it looks twice."""
    if said is None:
        text = f"no answer in {watch.SCRAPYD_WAIT_S:g} s"
        return Scrapyd(state="fail", text=text, running=None, waiting=None)
    result = judged_scrapyd(said.answers)
    return Scrapyd(state=_state(result), text=result.text, running=said.running, waiting=said.waiting)


def scheduler(reading: Reading) -> Scheduler:
    found = looking(reading.connection, reading.settings, reading.clock, reading.now_ms)
    result = judged_scheduler(found, reading.now_ms)
    return Scheduler(
        state=_state(result),
        text=result.text,
        holder=None if found is None else found.holder,
        looked_seconds=None if found is None else round(max(0.0, found.looked_s), 1),
        overdue=0 if found is None else len(found.overdue),
        lateness=[
            Lateness(
                kind=line.kind, polls=line.count, p50_seconds=line.p50, p95_seconds=line.p95, max_seconds=line.most
            )
            for line in last_hour(reading.connection, reading.now_ms)
        ],
    )


def outbox(reading: Reading, grouped_s: float) -> Outbox:
    """grouped_s: so long an alert may wait for others."""
    found = waiting(reading.connection, grouped_s, reading.now_ms)
    result = judged_outbox(found)
    return Outbox(
        state=_state(result),
        text=result.text,
        waiting=open_deliveries(reading.connection),
        oldest_seconds=round(found.oldest_s, 1),
        dead=found.dead,
    )


def _state(result: Result) -> Literal["ok", "warn", "fail"]:
    assert result.state != "skipped", "none of these checks is"
    return result.state
