"""What an update brought: counts, lines for people, and how it ended."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from horses_scrapy.clock import from_ms
from horses_scrapy.config import Track
from horses_scrapy.storage import updates as stored
from horses_scrapy.storage.updates import Changed, UpdateJob, UpdateRun

GOOD = frozenset({"ok", "no_card", "empty", "skipped"})
"""A track that did not race, and a source that cannot look back, are no failure of the update."""
OK, PARTIAL, FAILED, TIMEOUT = "ok", "partial", "failed", "timeout"
LINES = 200
"""So many of each kind are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """added: races first stored, and first official results; missing: past races of the period without one."""

    outcome: str
    added: int = 0
    changed: int = 0
    missing: int = 0
    lines: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        return {"added": self.added, "changed": self.changed, "missing": self.missing}

    @property
    def detail(self) -> str | None:
        return "\n".join(self.lines) or None

    def __str__(self) -> str:
        return f"{self.outcome}: {self.added} added, {self.changed} changed, {self.missing} missing"


def outcome(jobs: Sequence[UpdateJob]) -> str:
    """Of an update whose jobs have all ended."""
    bad = [job for job in jobs if job.outcome not in GOOD]
    if not bad:
        return OK
    return FAILED if len(bad) == len(jobs) else PARTIAL


def report(
    connection: Connection, run: UpdateRun, jobs: Sequence[UpdateJob], tracks: Mapping[str, Track], ended: str
) -> Report:
    """`ended`: the outcome. Lines: jobs that went wrong, what changed, what is missing."""
    run_ids = [job.run_id for job in jobs if job.run_id is not None]
    moved = stored.changes_of(connection, run_ids)
    first_results = [one for one in moved if _first_result(one)]
    others = [one for one in moved if not _first_result(one)]
    missing = [
        race
        for key, days in past_days(run, jobs, tracks).items()
        for race in stored.without_result(connection, key, *days)
    ]
    return Report(
        outcome=ended,
        added=stored.new_races(connection, run_ids) + len(first_results),
        changed=len(others),
        missing=len(missing),
        lines=(
            *(f"job {job.job_id}: {_end(job)}" for job in jobs if job.outcome not in GOOD),
            *shortened(map(str, moved)),
            *shortened(f"{race}: no official result" for race in missing),
        ),
    )


def past_days(run: UpdateRun, jobs: Sequence[UpdateJob], tracks: Mapping[str, Track]) -> dict[str, tuple[date, date]]:
    """Track -> the first and the last past day that the update asked for, as days at the track when it began."""
    back = {job.track: int(days) for job in jobs if (days := json.loads(job.arguments).get("days_back"))}
    return {key: period(run.started_at, tracks[key].timezone, days) for key, days in back.items() if key in tracks}


def period(at_ms: int, timezone: str, days_back: int) -> tuple[date, date]:
    """From so many days ago until yesterday."""
    today = from_ms(at_ms).astimezone(ZoneInfo(timezone)).date()
    return today - timedelta(days=days_back), today - timedelta(days=1)


def _first_result(one: Changed) -> bool:
    return one.field == "result"


def _end(job: UpdateJob) -> str:
    ended = job.outcome or ("given up" if job.ended else "not ended in time")
    return f"{ended}: {job.reason}" if job.reason else ended


def shortened(lines: Iterable[str]) -> list[str]:
    found = list(lines)
    more = len(found) - LINES
    return found if more <= 0 else [*found[:LINES], f"... and {more} more"]
