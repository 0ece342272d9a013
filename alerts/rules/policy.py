"""How alerts are delivered: grouped, capped, kept from people who sleep. Seconds and minutes as the names say."""

import re
from datetime import time
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from alerts.rules.base import Block, Minutes

Cap = Annotated[int, Field(ge=1, le=1000)] | None
Seconds = Annotated[float, Field(ge=0, le=3600)]


def _time(value: object) -> time:
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        raise ValueError('a time of day in quotes is expected, such as "22:30"')
    return time(int(match[1]), int(match[2]))


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("an IANA time zone is expected, such as America/New_York")
    return name


def _variable(name: str) -> str:
    if re.fullmatch(r"[A-Z][A-Z0-9_]*", name, re.ASCII) is None:
        raise ValueError("the name of an environment variable is expected: the URL itself is a secret")
    return name


TimeOfDay = Annotated[time, BeforeValidator(_time)]


class Grouping(Block):
    """One message for the alerts of a race to one recipient.

    wait: seconds for more of a race's first alerts; inside `near` minutes to the post, and for urgent ones, none.
    interval: seconds from one message of a race to its next; members: at most so many alerts in one.
    """

    wait: Seconds = 30
    near: Minutes = 10
    interval: Seconds = 60
    members: Annotated[int, Field(ge=1, le=50)] = 50


class Caps(Block):
    """At most so many messages about races to one recipient; what is over is told once, in a summary. None: no cap."""

    race: Cap = 4
    hour: Cap = 12
    day: Cap = 40


class Quiet(Block):
    """From one time of day to another, in the recipient's zone; only urgent alerts pass. May span midnight."""

    since: TimeOfDay
    until: TimeOfDay

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.since == self.until:
            raise ValueError("since and until are the same: nothing would be quiet")
        return self


class Person(Block):
    """What one recipient wants. daily: when the mail comes that says we are alive."""

    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    quiet: Quiet | None = None
    caps: Caps | None = None
    daily: TimeOfDay | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Delivery(Block):
    grouping: Grouping = Grouping()
    caps: Caps = Caps()
    people: dict[str, Person] = Field(default_factory=dict)
    channels: dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")], Annotated[str, AfterValidator(_variable)]
    ] = Field(default_factory=dict)
    """Name -> environment variable that holds an apprise URL."""

    def person(self, recipient: str) -> Person:
        return self.people.get(recipient, NOBODY_SPECIAL)

    def caps_of(self, recipient: str) -> Caps:
        own = self.person(recipient).caps
        return self.caps if own is None else own


NOBODY_SPECIAL = Person()
