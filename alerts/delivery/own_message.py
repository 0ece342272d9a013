"""Messages that are about no alert: what caps held back, that we are alive."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.message import Notice
from horses_scrapy.storage.deliveries import Untold


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMessage:
    """To one recipient by one channel. scope: what it is about, so that it is found again. told: what it tells of."""

    recipient: str
    channel: str
    scope: str
    notice: Notice
    told: Sequence[Untold] = ()
