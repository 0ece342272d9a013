"""What crawls saw, and how they ended."""

from datetime import datetime

from pydantic import JsonValue

from alerts.safe_header import clean
from horses_scrapy.web.models.alerts import LINE
from horses_scrapy.web.models.base import Answer, Page


class RunLine(Answer):
    """A crawl. outcome: None while it runs. kind: of the slot (card, near, window, or an update's name), or manual.

    lateness_ms: real milliseconds from when it was due to its first request; None where it was not due, asked for nothing,
    or ran on another machine than its scheduler. degraded: it read less than its source should show. summary: what the
    spider counted.
    """

    run_id: int
    spider: str
    track: str
    job_id: str | None
    kind: str
    trigger: str
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    outcome: str | None
    reason: str | None
    degraded: bool
    requests: int
    boards: int
    rejected: int
    errors: int
    lateness_ms: int | None
    node: str | None
    summary: dict[str, JsonValue]

    @property
    def why(self) -> str:
        """For a page."""
        return clean(self.reason or "", LINE)


class RunList(Answer):
    """The newest first. No more than 10,000 are counted and listed: narrow it down by a filter.

    By outcome, kind or running the newest 100,000 are looked through.
    """

    runs: list[RunLine]
    page: Page
