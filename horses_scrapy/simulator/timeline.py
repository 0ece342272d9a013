"""When things happen in one race: wagering opens, changes of the card, post time and its re-issue, the off, the result."""

import datetime as dt
from dataclasses import dataclass
from math import ceil

from horses_scrapy.items import RaceStatus
from horses_scrapy.simulator.plan import Plan

LATE_MONEY = 45
"""Seconds after the off until the last bets of other hubs show: final odds come that late on real boards."""
UNOFFICIAL_AFTER = 90
OFFICIAL_AFTER = 180
SCRATCHED_RACE = 1
REISSUED_RACE = 3
REISSUE_BEFORE = 150
REISSUE_BY = 120
OFF_TURF_RACE = 2
OFF_TURF_BEFORE = 450
JOCKEY_RACE = 3
JOCKEY_BEFORE = 400
CANCELLED_BEFORE = 180
OVER: frozenset[RaceStatus] = frozenset({"official", "cancelled"})
"""What a race ends with."""


def _seconds(count: float) -> dt.timedelta:
    return dt.timedelta(seconds=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Aware instants of one race. `post` is the first announced post time; from `reissued_at` on it is `new_post`.

    What does not happen to the race is None. After `cancelled_at` nothing else does.
    """

    opens: dt.datetime
    post: dt.datetime
    reissued_at: dt.datetime | None
    new_post: dt.datetime
    scratch: dt.datetime | None
    off_turf: dt.datetime | None
    new_jockey: dt.datetime | None
    cancelled_at: dt.datetime | None
    off: dt.datetime

    @property
    def money_ends(self) -> dt.datetime:
        return self.off + _seconds(LATE_MONEY)

    @property
    def unofficial(self) -> dt.datetime:
        return self.off + _seconds(UNOFFICIAL_AFTER)

    @property
    def official(self) -> dt.datetime:
        return self.off + _seconds(OFFICIAL_AFTER)

    @property
    def ends(self) -> dt.datetime:
        """From then on nothing changes."""
        return self.official if self.cancelled_at is None else self.cancelled_at

    def cancelled(self, instant: dt.datetime) -> bool:
        return self.cancelled_at is not None and instant >= self.cancelled_at

    def status_at(self, instant: dt.datetime) -> RaceStatus:
        if self.cancelled(instant):
            return "cancelled"
        steps: tuple[tuple[dt.datetime, RaceStatus], ...] = (
            (self.official, "official"),
            (self.unofficial, "unofficial"),
            (self.off, "closed"),
            (self.opens, "open"),
        )
        return next((status for since, status in steps if instant >= since), "scheduled")

    def post_at(self, instant: dt.datetime) -> dt.datetime:
        """The post time that the track announces at this instant."""
        return self.new_post if self.reissued_at is not None and instant >= self.reissued_at else self.post

    def minutes_to_post(self, instant: dt.datetime) -> int | None:
        """The board's figure: it stays 0 while the race drags, and is None once the race is off, or called off."""
        if instant >= self.off or self.cancelled(instant):
            return None
        left = (self.post_at(instant) - instant).total_seconds()
        return max(0, int(left // 60))


def timeline(plan: Plan, number: int) -> Timeline:
    dice = plan.dice("time", number)
    post = _whole_minute(plan.start + _seconds(plan.first_post + (number - 1) * plan.spacing))
    opens = max(plan.start, post - _seconds(plan.betting_window))
    reissued = number == REISSUED_RACE
    new_post = post + _seconds(REISSUE_BY) if reissued else post
    before_post = dice.randint(180, 260)
    cancelled = number == plan.cancelled
    return Timeline(
        opens=opens,
        post=post,
        reissued_at=post - _seconds(REISSUE_BEFORE) if reissued else None,
        new_post=new_post,
        scratch=_on_cycle(plan, opens, post - _seconds(before_post)) if number == SCRATCHED_RACE else None,
        off_turf=post - _seconds(OFF_TURF_BEFORE) if number == OFF_TURF_RACE else None,
        new_jockey=post - _seconds(JOCKEY_BEFORE) if number == JOCKEY_RACE else None,
        cancelled_at=_on_cycle(plan, opens, post - _seconds(CANCELLED_BEFORE)) if cancelled else None,
        off=new_post + _seconds(dice.randint(60, 120 if reissued else 180)),
    )


def _whole_minute(instant: dt.datetime) -> dt.datetime:
    return dt.datetime.fromtimestamp(ceil(instant.timestamp() / 60) * 60, dt.UTC)


def _on_cycle(plan: Plan, opens: dt.datetime, instant: dt.datetime) -> dt.datetime:
    """The board that shows it: the tote learns of a scratch and shows it in one cycle."""
    return opens + _seconds((instant - opens).total_seconds() // plan.cycle * plan.cycle)
