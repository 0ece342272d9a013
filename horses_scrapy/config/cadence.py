"""How often a track is polled. Seconds; a threshold is the time to the post at which the next tier begins."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from horses_scrapy.config.block import Block, split


def _time_of_day(text: str) -> str:
    if re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text, re.ASCII) is None:
        raise ValueError('a time of the day at the track is expected, in quotes: "06:00"')
    return text


def _ordered(times: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(times)))


Interval = Annotated[int, Field(ge=1, le=86_400)]
Threshold = Annotated[int, Field(ge=0, le=86_400)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
Times = Annotated[tuple[TimeOfDay, ...], BeforeValidator(split), Field(min_length=1), AfterValidator(_ordered)]


INTERVALS = (
    "far_interval", "default_interval", "near_post_interval", "last_minutes_interval", "off_interval", "after_post_interval",
)  # fmt: skip


class Scraping(Block):
    """A track's tiers, from the card on: far, day (default), near, the last minutes, the off, after it until official.

    Racing hours run from hours_before the first post until hours_after the last official result; outside them only the
    card is read, at card_times of the track's own day. No interval undercuts the floor of the track's source.
    """

    far_interval: Interval = 900
    far_threshold: Threshold = 3900
    default_interval: Interval = 300
    near_post_interval: Interval = 60
    near_post_threshold: Threshold = 600
    last_minutes_interval: Interval = 60
    last_minutes_threshold: Threshold = 120
    off_interval: Interval = 15
    after_post_interval: Interval = 60
    after_post_cap: Threshold = 2700
    hours_before: Threshold = 3600
    hours_after: Threshold = 900
    card_times: Times = ("06:00", "10:00")

    @model_validator(mode="after")
    def _tiers_in_order(self) -> Self:
        if not self.last_minutes_threshold <= self.near_post_threshold <= self.far_threshold:
            raise ValueError("last_minutes_threshold <= near_post_threshold <= far_threshold is expected")
        return self

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """For one track. Raises ValidationError."""
        return type(self).model_validate({**self.model_dump(), **changes})

    def at_least(self, floor: int) -> Self:
        """No interval below the floor."""
        return self.model_copy(update={name: max(floor, getattr(self, name)) for name in INTERVALS})
