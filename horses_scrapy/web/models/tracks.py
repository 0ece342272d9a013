"""Tracks, and whether they bring what is expected of them."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from horses_scrapy.web.models.base import Answer, Freshness, TrackName

Condition = Literal["ok", "degraded", "idle", "disabled"]


class LastRun(Answer):
    """A crawl that has ended. outcome: as in docs/runbook.md; degraded: part of its boards were not read."""

    run_id: int
    outcome: str
    reason: str | None
    ended_at: datetime | None
    degraded: bool


class TrackState(TrackName):
    """A track of tracks.yaml.

    degraded: its boards are too old, or its newest crawl failed; idle: no board is due now; disabled: it is not watched.
    """

    source: str = Field(description="The site family that it is read from")
    enabled: bool = Field(description="Whether it and its source are")
    state: Condition
    reason: str | None = Field(description="Why it is not ok")
    races_today: int = Field(description="Of the day at the track, as far as its card is stored")
    next_post: datetime | None
    freshness: Freshness
    last_run: LastRun | None
    failures_in_a_row: int = Field(
        description="Crawls since the newest that did not fail; those that did not ask count as none"
    )


class Tracks(Answer):
    """faults: blocks of tracks.yaml that are broken, and so not watched."""

    tracks: list[TrackState]
    faults: list[str]
