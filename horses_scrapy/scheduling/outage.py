"""scrapyd away: said once, said again when it lasts, and when it is over; not at every look."""

import logging

from alerts.reading.facts import Polling
from alerts.reading.house import SCRAPYD
from horses_scrapy.clock import Clock
from horses_scrapy.errors import ScrapydError

logger = logging.getLogger(__name__)

ALARM_MS = 30_000
"""Real milliseconds without an answer after which the warning becomes an error."""


class Outage:
    """Whether scrapyd answers, and for how long it has not."""

    def __init__(self) -> None:
        self._since: int | None = None
        self._alarmed = False
        self._answered = False
        self._last_words = ""

    @property
    def lasts(self) -> bool:
        return self._since is not None

    @property
    def alarmed(self) -> bool:
        return self._alarmed

    def polling(self, clock: Clock) -> tuple[Polling, ...]:
        """For the rules about ourselves; nothing before scrapyd was asked once."""
        if self._since is not None:
            lasts = Clock.monotonic_ms() - self._since
            at = clock.now_ms() - round(lasts * clock.rate)
            return (Polling(subject=SCRAPYD, at=at, lasts_ms=lasts, told=(self._last_words,)),)
        return (Polling(subject=SCRAPYD),) if self._answered else ()

    def failed(self, error: ScrapydError) -> None:
        now = Clock.monotonic_ms()
        self._last_words = str(error)
        if self._since is None:
            self._since = now
            logger.warning("%s. Polls that fall due wait for it", error)
        elif not self._alarmed and now - self._since >= ALARM_MS:
            self._alarmed = True
            logger.error("No answer for %d s: nothing is polled. %s", (now - self._since) // 1000, error)

    def answered(self) -> None:
        if self._since is not None:
            logger.info("scrapyd answers again, after %d s", (Clock.monotonic_ms() - self._since) // 1000)
        self._since, self._alarmed, self._answered = None, False, True
