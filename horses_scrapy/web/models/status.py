"""How everything is. All instants are UTC; seconds are of the application's clock, but for those that say real."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from horses_scrapy.storage.database import Dialect
from horses_scrapy.web.models.base import Answer
from horses_scrapy.web.models.sources import SourceState
from horses_scrapy.web.models.tracks import TrackState

Health = Literal["ok", "degraded", "failing"]


class Service(Answer):
    """A process beside this one, in the words of scripts/health_check.py."""

    state: Literal["ok", "warn", "fail"]
    text: str


class Database(Answer):
    kind: Dialect
    purpose: str = Field(description="live, demo, replay or sample")
    revision: str
    size_bytes: int
    newest_board_at: datetime | None = Field(description="Fetched; of the board that was stored last")
    newest_write_at: datetime | None = Field(description="Of what is written often: boards, runs, the scheduler's look")


class Scrapyd(Service):
    """running, waiting: jobs; null where it does not list them. Asked at most every 5 real seconds."""

    running: int | None
    waiting: int | None


class Lateness(Answer):
    """Of the last hour's polls of a kind, in real seconds from due to committed."""

    kind: str
    polls: int
    p50_seconds: float
    p95_seconds: float
    max_seconds: float


class Scheduler(Service):
    """looked_seconds: real, since its newest look; null: it never looked. overdue: jobs that were due and are not posted."""

    holder: str | None
    looked_seconds: float | None
    overdue: int
    lateness: list[Lateness]


class Outbox(Service):
    """waiting: alerts to somebody that are neither sent nor given up. oldest_seconds: beyond what an alert waits for others.

    dead: messages given up in the last hour.
    """

    waiting: int
    oldest_seconds: float
    dead: int


class Refusals(Answer):
    """Of the last hour. store_errors: crawls that the database refused; failed_runs: crawls that failed, these included."""

    rejected_items: int
    store_errors: int
    failed_runs: int


class Todo(Answer):
    """What is wrong, and what to do about it (docs/runbook.md says more)."""

    about: str
    text: str


class Status(Answer):
    """failing: nothing new comes in, or nothing goes out; degraded: part of it, or a track."""

    at: datetime
    state: Health
    summary: list[str] = Field(description="For people, the worst first")
    todo: list[Todo]
    database: Database
    scrapyd: Scrapyd
    scheduler: Scheduler
    outbox: Outbox
    last_hour: Refusals
    tracks: list[TrackState]
    faults: list[str] = Field(description="Blocks of tracks.yaml that are broken, and so not watched")
    sources: list[SourceState]
