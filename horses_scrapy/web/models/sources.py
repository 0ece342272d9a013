"""Sources: how their crawls end, and how often their boards can be trusted."""

from pydantic import Field

from horses_scrapy.web.models.base import Answer
from horses_scrapy.web.models.tracks import Condition, LastRun


class Rate(Answer):
    """Crawls that began in a span and have ended. A day without a card is a success.

    Crawls that did not ask the source (skipped, superseded) stand in `outcomes` and are not counted.
    """

    runs: int
    failed: int
    success: float | None = Field(description="Share of the runs, 0 to 1; null without runs")
    outcomes: dict[str, int]


class Trust(Answer):
    """Boards of a span: `sound` are those that alert rules read, the others have a flag against them. Counted each minute."""

    boards: int
    sound: int
    ratio: float | None = Field(description="Share of sound boards, 0 to 1; null without boards")
    flags: dict[str, int] = Field(
        description="Boards by flag; one may have several. docs/runbook.md says what each means"
    )


class SourceState(Answer):
    """state: disabled where no track of it is watched; degraded where one of them is; else ok, or idle where all are."""

    name: str
    host: str | None
    enabled: bool
    tracks: list[str] = Field(description="Keys of its tracks that are watched")
    state: Condition
    last_hour: Rate
    last_day: Rate
    last_run: LastRun | None = Field(description="The newest that has ended, of any of its tracks")
    failures_in_a_row: int
    trust_day: Trust
    trust_week: Trust
    requests_last_hour: int = Field(description="To its host, by all crawls together; sources of one host share them")


class Sources(Answer):
    sources: list[SourceState]
