"""How crawls ended, and what was wrong with boards: counted for the pages and the metrics. Instants are epoch milliseconds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, case, func, literal, select, union_all

from horses_scrapy.clock import from_ms
from horses_scrapy.storage.schema import board, crawl_run, race, source
from horses_scrapy.storage.system_facts import SILENT

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
SUCCESS = ("ok", "no_card")
"""A day without races is one: the source was asked, and said so."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Crawls of a track that began in the last day and have ended so; `hour` of them in the last hour."""

    track: str
    outcome: str
    day: int
    hour: int


@dataclass(frozen=True, slots=True)
class Flagged:
    """Boards of a source with exactly these flags, of the last week; `day` of them of the last day."""

    source: str
    flags: frozenset[str]
    week: int
    day: int


def ended_runs(connection: Connection, tracks: Collection[str], now_ms: int) -> list[Ended]:
    told = {"tracks": list(tracks), "day": now_ms - DAY_MS, "hour": now_ms - HOUR_MS}
    return [Ended(*row) for row in connection.execute(_ENDED, told)]


def failures_in_a_row(connection: Connection, groups: Mapping[str, Collection[str]]) -> dict[str, int]:
    """By name of a group of tracks: crawls that failed since the newest of the group's that did not."""
    members = tuple((name, track) for name, tracks in sorted(groups.items()) for track in sorted(tracks))
    rows = connection.execute(_failures(members)) if members else ()
    return {name: int(count) for name, count in rows}


def flagged_boards(connection: Connection, now_ms: int) -> list[Flagged]:
    """Of all sources, sound boards (without a flag) included."""
    first = from_ms(now_ms - WEEK_MS) - timedelta(days=1)  # a date at the track is at most a day away from UTC's
    told = {"first": f"{first:%Y-%m-%d}", "week": now_ms - WEEK_MS, "day": now_ms - DAY_MS, "now": now_ms}
    rows = connection.execute(_FLAGGED, told)
    return [Flagged(name, frozenset(flags.split(",")) - {""}, week, day) for name, flags, week, day in rows]


_HOUR = func.sum(case((crawl_run.c.started_at >= bindparam("hour"), 1), else_=0))
_ENDED = (
    select(crawl_run.c.track, crawl_run.c.outcome, func.count(), _HOUR)
    .where(
        crawl_run.c.track.in_(bindparam("tracks", expanding=True)),
        crawl_run.c.started_at >= bindparam("day"),
        crawl_run.c.outcome.is_not(None),
    )
    .group_by(crawl_run.c.track, crawl_run.c.outcome)
)
_COUNTED = (
    select(
        board.c.source_id,
        board.c.flags,
        func.count().label("week"),
        func.sum(case((board.c.fetched_at >= bindparam("day"), 1), else_=0)).label("day"),
    )
    .join_from(race, board, board.c.race_id == race.c.race_id)
    .where(race.c.race_date >= bindparam("first"), board.c.fetched_at.between(bindparam("week"), bindparam("now")))
    .group_by(board.c.source_id, board.c.flags)
    .subquery()
)
_FLAGGED = select(source.c.name, _COUNTED.c.flags, _COUNTED.c.week, _COUNTED.c.day).join_from(
    _COUNTED, source, source.c.source_id == _COUNTED.c.source_id
)


@lru_cache(maxsize=16)  # building it costs more than running it
def _failures(members: tuple[tuple[str, str], ...]) -> Select[*tuple[Any, ...]]:
    rows = [select(literal(name).label("name"), literal(track).label("track")) for name, track in members]
    of = union_all(*rows).cte("of")
    good, run = crawl_run.alias("good"), crawl_run.alias("run")
    newest = (
        select(good.c.started_at)
        .where(good.c.track == of.c.track, good.c.outcome.in_(SUCCESS))
        .order_by(good.c.started_at.desc())
        .limit(1)
        .correlate(of)
        .scalar_subquery()
    )
    since = select(of.c.name, func.coalesce(func.max(newest), 0).label("at")).group_by(of.c.name).cte("since")
    # Not a join: SQLite would read all of a track's runs for it.
    failed = (
        select(func.count())
        .where(run.c.track == of.c.track, run.c.started_at > since.c.at, run.c.outcome.not_in((*SUCCESS, *SILENT)))
        .correlate(of, since)
        .scalar_subquery()
    )
    return select(of.c.name, func.sum(failed)).join_from(of, since, since.c.name == of.c.name).group_by(of.c.name)
