"""What the outbox's SQL takes and gives: deliveries that wait, messages that are due, to whom, by whom."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from horses_scrapy.storage.schema import notification


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceNow:
    """How a race stands at this moment, as far as an alert's expiry needs it."""

    status: str | None
    off_at: int | None
    post_time: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A delivery that no notification holds yet, with its alert. track_*, race_*: None where it is about no race."""

    alert_id: int
    recipient: str
    channel: str
    scope: str
    race_id: int | None
    track_key: str | None
    track_code: str | None
    race_date: str | None
    race_number: int | None
    rule: str
    kind: str
    severity: str
    market: str
    subject: str
    triggered_at: int
    created_at: int
    detail: str
    expires_at: int | None
    race: RaceNow


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotification:
    recipient: str
    channel: str
    scope: str
    message_id: str
    wire: str
    created_at: int
    expires_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A notification whose next attempt is due. kind: of its first alert, None for a notice of our own."""

    notification_id: int
    kind: str | None
    recipient: str
    channel: str
    message_id: str
    wire: str
    attempts: int
    next_at: int
    expires_at: int | None
    race: RaceNow


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Messages to one recipient, or to all but some."""

    only: str | None = None
    but: tuple[str, ...] = ()

    def condition(self) -> list[ColumnElement[bool]]:
        to = notification.c.recipient
        if self.only is not None:
            return [to == self.only]
        return [to.not_in(self.but)] if self.but else []


EVERYBODY = Whose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    owner: str
    until: int
    at: int
    mono: int


def race_now(row: dict[str, object]) -> RaceNow:
    return RaceNow(**{name: row.pop(name) for name in ("status", "off_at", "post_time")})  # type: ignore[arg-type]
