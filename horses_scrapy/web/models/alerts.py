"""What rules told, and what became of it."""

from datetime import datetime
from typing import Literal

from alerts.safe_header import clean
from horses_scrapy.web.models.base import Answer, Page, RaceName

LINE = 300
"""Characters of a message or a reason that a page shows."""
DeliveryState = Literal["pending", "leased", "sent", "expired", "muted", "capped", "inhibited", "logged", "dead"]


class AlertValues(Answer):
    """What crossed what. unit: price (decimal odds), percent, points (100 x change of 1 / decimal), payout and amount (whole
    units of the race's currency), or of an alert about ourselves minutes, crawls, boards, errors, seconds, count.

    previous: what it moved from. None where the alert is about something that happened, not about a number.
    """

    unit: str
    threshold: float | None
    actual: float | None
    previous: float | None


class AlertDelivery(Answer):
    """To one recipient: an address shows its first letter and its host only; other names are channels of the rule file.

    state: pending (waits to be grouped), leased (in a message that is not sent yet), or how it ended, for `reason`.
    """

    channel: str
    recipient: str
    state: DeliveryState
    reason: str | None
    sent_at: datetime | None

    @property
    def why(self) -> str:
        """For a page."""
        return clean(self.reason or "", LINE)


class AlertLine(Answer):
    """race: None where it is about ourselves. subject: a betting interest, a program number, a pair `3-5`, or nothing.

    message: as it was at `triggered_at`, when the board was fetched: prices are estimates until the race is official.
    """

    alert_id: int
    rule: str
    kind: str
    severity: Literal["info", "watch", "urgent"]
    event: Literal["fired", "further", "repeated", "resolved"]
    race: RaceName | None
    market: str
    subject: str
    values: AlertValues
    message: str
    triggered_at: datetime
    deliveries: list[AlertDelivery]

    @property
    def told(self) -> str:
        """For a page: the message without the rule's name behind it."""
        return clean(self.message.rpartition(" [")[0] or self.message, LINE)

    @property
    def timezone(self) -> str:
        return "UTC" if self.race is None else self.race.track.timezone


class AlertList(Answer):
    """The newest first. No more than 10,000 are counted and listed: narrow it down by a filter.

    By rule, kind, severity or state alone the newest 20,000 are looked through; with a race, a track or a date all.
    """

    alerts: list[AlertLine]
    page: Page
