"""What a stream tells. Each is the data of one server-sent event, named by its kind."""

from datetime import datetime
from typing import Self

from horses_scrapy.items import Market, RaceStatus
from horses_scrapy.storage.news import CommittedAlert, CommittedBoard, CommittedChange
from horses_scrapy.web.models.base import Answer, Odds, instant


class Hello(Answer):
    """First of every stream. `now` is the application's clock, which goes `rate` times as fast as the real one."""

    now: datetime
    rate: float


class Reset(Answer):
    """Too much was missed to be told: read again what you show."""

    reason: str


class PriceNews(Answer):
    label: str
    market: Market
    odds: Odds


class BoardNews(Answer):
    """A board was stored. `prices`: those that differ from the board before; none where only pools moved, or nothing."""

    board_id: int
    race_id: int
    track: str
    race_date: str
    race_number: int
    source: str
    fetched_at: datetime
    status: RaceStatus
    minutes_to_post: int | None
    flags: list[str]
    prices: list[PriceNews]

    @classmethod
    def of(cls, one: CommittedBoard) -> Self:
        return cls(
            board_id=one.id,
            race_id=one.race_id,
            track=one.track,
            race_date=one.race_date,
            race_number=one.race_number,
            source=one.source,
            fetched_at=instant(one.at),
            status=one.status,
            minutes_to_post=one.minutes_to_post,
            flags=list(one.flags),
            prices=[
                PriceNews(label=each.label, market=each.market, odds=Odds.of(each.shown, one.notation))
                for each in one.prices
            ],
        )


class ChangeNews(Answer):
    """A card or a race changed: a scratch, another jockey, the post time, the status."""

    change_id: int
    race_id: int
    track: str
    at: datetime
    field: str
    program_number: str | None
    old: str | None
    new: str | None

    @classmethod
    def of(cls, one: CommittedChange) -> Self:
        told = {name: value for name, value in one._asdict().items() if name not in {"id", "at"}}
        return cls(change_id=one.id, at=instant(one.at), **told)


class AlertNews(Answer):
    """race_id, track: None where the alert is not about one."""

    alert_id: int
    race_id: int | None
    track: str | None
    at: datetime
    rule: str
    event: str
    severity: str
    message: str

    @classmethod
    def of(cls, one: CommittedAlert) -> Self:
        return cls(
            alert_id=one.id,
            race_id=one.race_id,
            track=one.track,
            at=instant(one.at),
            rule=one.rule,
            event=one.event,
            severity=one.severity,
            message=one.message,
        )
