"""Crawls as a list, the newest first, by what people look for. Instants are epoch milliseconds UTC."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, func, or_, select

from horses_scrapy.storage.schema import crawl_run, slot

COUNTED = 10_000
"""More are not counted: nobody leafs through them, and on a large table it takes long."""
NEWEST = 100_000
"""So many are looked through for what no index finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsAsked:
    """None: whatever it is. track: key. since: of started_at. running: whether it has not ended."""

    track: str | None = None
    outcome: str | None = None
    kind: str | None = None
    since: int | None = None
    running: bool | None = None

    @property
    def given(self) -> dict[str, str | int]:
        told = {name: value for name, value in asdict(self).items() if value is not None}
        return told if self.running is None else {**told, "running": int(self.running)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """One row of crawl_run. lateness: real milliseconds from when it was due to its first request.

    lateness is None where it was not due, asked for nothing, or ran on another machine than its scheduler.
    """

    run_id: int
    spider: str
    track: str
    job_id: str | None
    kind: str
    trigger: str
    started_at: int
    finished_at: int | None
    outcome: str | None
    reason: str | None
    degraded: bool
    requests: int
    boards: int
    rejected: int
    errors: int
    lateness: int | None
    node: str | None
    summary: str


def runs(connection: Connection, asked: RunsAsked, limit: int, offset: int) -> list[ListedRun]:
    of = {**asked.given, "limit": limit, "offset": offset}
    rows = connection.execute(_part(frozenset(asked.given)), of)
    return [ListedRun(**{**row, "degraded": bool(row["degraded"])}) for row in rows.mappings()]


def how_many(connection: Connection, asked: RunsAsked) -> int:
    """At most COUNTED."""
    found: int = connection.execute(_count(frozenset(asked.given)), asked.given).scalar_one()
    return found


# Each is built once for what is asked by: that costs more than running it.
_BY: Mapping[str, ColumnElement[bool]] = MappingProxyType(
    {
        "track": crawl_run.c.track == bindparam("track"),
        "outcome": crawl_run.c.outcome == bindparam("outcome"),
        "kind": crawl_run.c.kind == bindparam("kind"),
        "since": crawl_run.c.started_at >= bindparam("since"),
        "running": case((crawl_run.c.outcome.is_(None), 1), else_=0) == bindparam("running"),
    }
)
_SCANNED = frozenset({"outcome", "kind", "running"})
_AMONG_THE_NEWEST = crawl_run.c.run_id > select(func.max(crawl_run.c.run_id)).correlate(None).scalar_subquery() - NEWEST
_ONE_MACHINE = or_(crawl_run.c.node.is_(None), slot.c.node.is_(None), crawl_run.c.node == slot.c.node)
_LATENESS = case((_ONE_MACHINE, crawl_run.c.first_request_mono - crawl_run.c.due_mono))
_NEWEST_FIRST = (crawl_run.c.run_id.desc(),)
_NEWEST_OF_TRACK = (crawl_run.c.started_at.desc(), crawl_run.c.run_id.desc())  # as its index has them
_COLUMNS = (
    crawl_run.c.run_id, crawl_run.c.spider, crawl_run.c.track, crawl_run.c.job_id, crawl_run.c.kind,
    crawl_run.c.trigger, crawl_run.c.started_at, crawl_run.c.finished_at, crawl_run.c.outcome, crawl_run.c.reason,
    crawl_run.c.degraded, crawl_run.c.requests, crawl_run.c.boards, crawl_run.c.rejected, crawl_run.c.errors,
    _LATENESS.label("lateness"), crawl_run.c.node, crawl_run.c.summary,
)  # fmt: skip


def _conditions(given: frozenset[str]) -> list[ColumnElement[bool]]:
    found = [_BY[name] for name in sorted(given)]
    return [_AMONG_THE_NEWEST, *found] if given & _SCANNED else found


@cache
def _part(given: frozenset[str]) -> Select[*tuple[Any, ...]]:
    own_slot = and_(slot.c.job_id == crawl_run.c.job_id, slot.c.run_id == crawl_run.c.run_id)
    return (
        select(*_COLUMNS)
        .outerjoin_from(crawl_run, slot, own_slot)
        .where(*_conditions(given))
        .order_by(*_NEWEST_OF_TRACK if "track" in given else _NEWEST_FIRST)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )


@cache
def _count(given: frozenset[str]) -> Select[int]:
    some = select(crawl_run.c.run_id).where(*_conditions(given)).limit(COUNTED).subquery()
    return select(func.count()).select_from(some)
