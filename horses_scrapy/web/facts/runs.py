"""What crawls saw, and how they ended."""

import json
from typing import cast

from pydantic import JsonValue
from starlette.datastructures import URL

from horses_scrapy.storage import run_list as sql
from horses_scrapy.storage.run_list import ListedRun, RunsAsked
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.alerts import masked
from horses_scrapy.web.facts.listing import page_of
from horses_scrapy.web.models.base import instant, instant_or_none
from horses_scrapy.web.models.runs import RunLine, RunList


def run_list(reading: Reading, asked: RunsAsked, url: URL, limit: int, offset: int) -> RunList:
    """url: of this list."""
    total = sql.how_many(reading.connection, asked)
    found = sql.runs(reading.connection, asked, min(limit, max(0, sql.COUNTED - offset)), offset)
    return RunList(runs=[_line(run) for run in found], page=page_of(url, total, limit, offset))


def _line(run: ListedRun) -> RunLine:
    return RunLine(
        run_id=run.run_id,
        spider=run.spider,
        track=run.track,
        job_id=run.job_id,
        kind=run.kind,
        trigger=run.trigger,
        started_at=instant(run.started_at),
        finished_at=instant_or_none(run.finished_at),
        seconds=None if run.finished_at is None else (run.finished_at - run.started_at) / 1000,
        outcome=run.outcome,
        reason=None if run.reason is None else masked(run.reason),
        degraded=run.degraded,
        requests=run.requests,
        boards=run.boards,
        rejected=run.rejected,
        errors=run.errors,
        lateness_ms=run.lateness,
        node=run.node,
        summary=_summary(run.summary),
    )


def _summary(text: str) -> dict[str, JsonValue]:
    found = json.loads(text)
    return cast("dict[str, JsonValue]", found) if isinstance(found, dict) else {}
