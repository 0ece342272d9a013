"""Rules about ourselves: what no board can tell. Percent and counts are plain numbers here."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from alerts.rules.base import Minutes, SystemRule, Text

Count = Annotated[int, Field(ge=1, le=1000)]
Percent = Annotated[float, Field(gt=0, le=100)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class StaleSourceRule(SystemRule):
    """No sound board for so many minutes of a track with a race within `before_post` minutes of its post and not off.

    Keep `before_post` under scraping.near_post_threshold: boards that come every five minutes are five minutes old.
    """

    kind: Literal["stale_source"]
    minutes: Annotated[Minutes, Field(gt=0)] = 5
    before_post: Minutes = 8

    unit: ClassVar[str] = "minutes"


class CrawlFailuresRule(SystemRule):
    """So many crawls of a track in a row ended badly; over with the next good one."""

    kind: Literal["crawl_failures"]
    count: Count = 3

    unit: ClassVar[str] = "crawls"


class OutcomeRule(SystemRule):
    """A crawl ended with one of these outcomes; over with the next good one."""

    kind: Literal["outcome"]
    outcomes: Annotated[tuple[Text, ...], Field(min_length=1)] = ("blocked", "parse_error")

    unit: ClassVar[str] = "crawls"


class FrozenProbablesRule(SystemRule):
    """So many newest boards of a race in a row show prices that stand still while their pool grows (the check `frozen`)."""

    kind: Literal["frozen_probables"]
    boards: Annotated[int, Field(ge=1, le=10)] = 2

    unit: ClassVar[str] = "boards"


class SelectorHealthRule(SystemRule):
    """A field is filled in so many percent points fewer places than in the median of the track's last runs.

    Over once it is filled 10 points better than when that was told.
    """

    kind: Literal["selector_health"]
    points: Percent = 20

    unit: ClassVar[str] = "percent"


class FailureRateRule(SystemRule):
    """So many percent of a track's crawls in the last `minutes`, `crawls` of them at least, ended badly.

    Over at two thirds of that.
    """

    kind: Literal["failure_rate"]
    percent: Percent = 50
    minutes: Annotated[Minutes, Field(gt=0)] = 60
    crawls: Count = 6

    unit: ClassVar[str] = "percent"


class DatabaseRule(SystemRule):
    """The database could not be written, or its disk has less than so many megabytes free; over at a tenth more."""

    kind: Literal["database"]
    free_mb: Annotated[int, Field(ge=1)] = 500

    unit: ClassVar[str] = "count"


class ErrorBurstRule(SystemRule):
    """So many errors and rejected items in a track's crawls of the last `minutes`; over at two thirds of that."""

    kind: Literal["error_burst"]
    errors: Count = 20
    minutes: Annotated[Minutes, Field(gt=0)] = 15

    unit: ClassVar[str] = "errors"


class MailFailingRule(SystemRule):
    """A message of a channel waits for so many minutes, or one was given up in the last hour."""

    kind: Literal["mail_failing"]
    minutes: Annotated[Minutes, Field(gt=0)] = 5

    unit: ClassVar[str] = "minutes"


class PollingRule(SystemRule):
    """scrapyd has not answered for so many real seconds, or a window did not start when it was due: nothing is polled."""

    kind: Literal["polling"]
    seconds: Seconds = 30

    unit: ClassVar[str] = "seconds"
