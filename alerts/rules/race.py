"""Rules about a race: its money, and what happens on its card."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from alerts.amounts import Hundredths
from alerts.limits import Limit
from alerts.rules.base import BAND, EventRule, PoolRule
from horses_scrapy.items import BetType


class PoolAboveRule(PoolRule):
    """The total of a pool, in hundredths of a unit of the track's currency (written in whole units)."""

    kind: Literal["pool_above"]
    threshold: Hundredths
    bet_type: BetType = "win"
    rearm: Hundredths | None = None
    step: Hundredths | None = None

    unit: ClassVar[str] = "amount"

    @property
    def pool(self) -> str:
        return self.bet_type

    @property
    def limit(self) -> Limit:
        rearm = self.threshold - self.threshold * BAND // 100 if self.rearm is None else self.rearm
        return Limit(sign=1, threshold=self.threshold, rearm=rearm, inclusive=True, step=self.step, boards=self.for_)


class LargeBetRule(PoolRule):
    """So much came in on one interest between two boards (hundredths of a unit). Each such jump is an alert."""

    kind: Literal["large_bet"]
    amount: Hundredths
    bet_type: Literal["win", "place", "show"] = "win"
    for_: Annotated[Literal[1], Field(alias="for")] = 1

    unit: ClassVar[str] = "amount"
    pulse: ClassVar[bool] = True

    @property
    def pool(self) -> str:
        return self.bet_type

    @property
    def limit(self) -> Limit:
        return Limit(sign=1, threshold=self.amount, rearm=self.amount, inclusive=True)


class ScratchRule(EventRule):
    """A horse was taken out; parts of a coupled entry one by one."""

    kind: Literal["scratched"]

    fields: ClassVar[frozenset[str]] = frozenset({"status"})
    of_runner: ClassVar[bool] = True


class JockeyRule(EventRule):
    """Another rider is named for a horse that runs. The first one that is named is no change."""

    kind: Literal["jockey_change"]

    fields: ClassVar[frozenset[str]] = frozenset({"jockey"})
    of_runner: ClassVar[bool] = True


class PostTimeRule(EventRule):
    """The post moved by at least so many minutes since the last alert about it, or since it was first known."""

    kind: Literal["post_time_change"]
    minutes: Annotated[float, Field(gt=0, le=1440)] = 2

    fields: ClassVar[frozenset[str]] = frozenset({"post_time"})


class RaceStatusRule(EventRule):
    """The race came to one of these statuses."""

    kind: Literal["race_status"]
    statuses: Annotated[
        tuple[Literal["open", "closed", "unofficial", "official", "cancelled", "postponed"], ...], Field(min_length=1)
    ] = ("cancelled", "postponed")

    fields: ClassVar[frozenset[str]] = frozenset({"status"})


class OffTurfRule(EventRule):
    """A race that was to be run on turf is run on another surface."""

    kind: Literal["off_turf"]

    fields: ClassVar[frozenset[str]] = frozenset({"surface"})


class ResultRule(EventRule):
    """The official result with what it paid, once per race."""

    kind: Literal["result"]

    fields: ClassVar[frozenset[str]] = frozenset({"result"})
