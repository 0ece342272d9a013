"""What a card is made from. The same plan always gives the same card, the same money and the same results."""

import datetime as dt
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Self
from zoneinfo import ZoneInfo

from horses_scrapy.errors import ConfigError

MAX_RACES = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Seconds are seconds of the clock. `start` is aware and on a whole second; races open `betting_window` before post.

    The first post stands `first_post` after the start, the others `spacing` apart, all on whole minutes; the tote shows
    a new board every `cycle`; the race `cancelled` is called off before its post. Raises ConfigError on a plan that has no
    room for its own events.
    """

    seed: int
    start: dt.datetime
    races: int = 3
    first_post: int = 480
    spacing: int = 480
    cycle: int = 20
    betting_window: int = 1200
    cancelled: int | None = None
    code: str = "DMO"
    name: str = "Synthetic Downs"
    timezone: str = "America/New_York"
    country: str = "US"

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.start.microsecond:
            raise ConfigError(f"start {self.start.isoformat()}: an aware time on a whole second is expected")
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as error:
            raise ConfigError(f"timezone {self.timezone}: no such IANA time zone") from error
        limits = {
            "races": (1, MAX_RACES),
            "first_post": (420, 86_400),
            "spacing": (300, 7200),
            "cycle": (5, 60),
            "betting_window": (420, 86_400),
        }
        for field, (low, high) in limits.items():
            value = getattr(self, field)
            if not low <= value <= high:
                raise ConfigError(f"{field} {value}: from {low} to {high} is expected")
        if self.cancelled is not None and not 1 <= self.cancelled <= self.races:
            raise ConfigError(f"cancelled {self.cancelled}: a race of the {self.races} on the card is expected")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def race_date(self) -> dt.date:
        return self.start.astimezone(self.zone).date()

    def dice(self, *subject: object) -> Random:
        """Chance of its own for each subject, so that no part disturbs another."""
        return Random("/".join(map(str, (self.seed, self.start.timestamp(), *subject))))  # noqa: S311 - a game, not a key

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"start": self.start.isoformat()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**data | {"start": dt.datetime.fromisoformat(data["start"])})
