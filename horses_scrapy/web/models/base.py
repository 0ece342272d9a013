"""What answers are made of. Instants are ISO 8601 in UTC; money is in whole units of a named currency."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from horses_scrapy import money, odds
from horses_scrapy.clock import from_ms
from horses_scrapy.items import Notation, PriceStatus, RaceStatus
from horses_scrapy.storage.board_view import Shown

FreshnessState = Literal["fresh", "late", "stale", "idle"]


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def json_bytes(self) -> bytes:
        return self.model_dump_json().encode()


def instant(epoch_ms: int) -> datetime:
    return from_ms(epoch_ms)


def instant_or_none(epoch_ms: int | None) -> datetime | None:
    return None if epoch_ms is None else from_ms(epoch_ms)


def in_units(minor: int, currency: str) -> float:
    """Minor units -> whole ones: 123450 cents -> 1234.5."""
    return minor / money.minor_units(currency)


class Odds(Answer):
    """A price: `decimal` is what 1 returns, stake included; `profit` is per 1 (5-2 is 2.5); `text` as the source prints it.

    Estimates until the race is official. A capped one is a floor: this or more.
    """

    decimal: float | None
    profit: float | None
    text: str
    status: PriceStatus

    @classmethod
    def of(cls, shown: Shown, notation: Notation) -> Self:
        """`-` for nothing quoted."""
        if shown.price is None:
            return cls(
                decimal=None, profit=None, text="SCR" if shown.status == "scratched" else "-", status=shown.status
            )
        text = odds.show(shown.price, notation) + ("+" if shown.status == "capped" else "")
        profit = round(odds.profit_per_1(shown.price), 3)
        return cls(decimal=shown.price / 1000, profit=profit, text=text, status=shown.status)


class TrackName(Answer):
    """`key` as in tracks.yaml; `code` as a program prints it."""

    key: str
    code: str
    name: str
    timezone: str
    country: str | None


class RaceName(Answer):
    """kind: other games may join. `post_time` as the card has it now; status as the primary source has it."""

    race_id: int
    kind: Literal["race"] = "race"
    track: TrackName
    race_date: str
    race_number: int
    name: str | None
    post_time: datetime | None
    status: RaceStatus


class BoardStamp(Answer):
    """A board: what one source showed at one instant. `source_time` is the source's own, where it tells one."""

    board_id: int
    source: str
    fetched_at: datetime
    source_time: datetime | None
    status: RaceStatus
    minutes_to_post: int | None
    flags: list[str]


class Freshness(Answer):
    """Whether a track brings what its card promises.

    fresh; late: older than an interval; stale: older than three, or its source fails; idle: nothing is expected now.
    """

    state: FreshnessState
    age_seconds: float | None
    allowed_seconds: float | None
    reason: str | None = None

    @property
    def degraded(self) -> bool:
        return self.state == "stale"


class Page(Answer):
    """Where a list stands: `total` there are, from `offset` on. `next`: the path of the next part, None at the end."""

    total: int
    limit: int
    offset: int
    next: str | None


Limit = Annotated[int, Field(ge=1, le=500)]
Offset = Annotated[int, Field(ge=0, le=10_000_000)]
