"""What the status asks beside the database: scrapyd, and whether the database answers at all. Real seconds."""

import logging
from dataclasses import dataclass
from functools import cached_property

from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError, HorsesError, ScrapydError
from horses_scrapy.health.checks.jobs import Answers, answers, listed
from horses_scrapy.health.checks.outbox import grouped_s
from horses_scrapy.storage.engine import Store
from horses_scrapy.web.counted import Counted
from horses_scrapy.web.lookout import Lookout

logger = logging.getLogger(__name__)

SCRAPYD_KEPT_S = 5.0
SCRAPYD_WAIT_S = 1.5
DATABASE_WAIT_S = 2.0
DATABASE_KEPT_S = 1.0
"""Anybody may ask, as often as he likes."""


@dataclass(frozen=True, slots=True)
class Scrapyd:
    """running, waiting: its jobs; None where it does not list them."""

    answers: Answers
    running: int | None = None
    waiting: int | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """scrapyd: None: it has not answered in time. grouped_s: so long an alert may wait for others."""

    scrapyd: Scrapyd | None
    grouped_s: float
    counted: Counted


class Watch:
    """One for an application. Nothing is asked before somebody wants to know."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._scrapyd = Lookout(self._ask_scrapyd, SCRAPYD_KEPT_S)
        self._database = Lookout(self._ask_database, DATABASE_KEPT_S, old=1)
        self.counted = Counted()

    async def beside(self) -> Beside:
        return Beside(await self._scrapyd.found(SCRAPYD_WAIT_S), self.grouped_s, self.counted)

    async def database_answers(self) -> bool:
        return await self._database.found(DATABASE_WAIT_S) is True

    @cached_property
    def grouped_s(self) -> float:
        """0 where alerts.yaml has faults: whoever delivers says so."""
        try:
            return grouped_s(self._settings)
        except ConfigError:
            return 0.0

    def _ask_scrapyd(self) -> Scrapyd:
        found = answers(self._settings)
        if len(found.faults) == len(found.urls):
            return Scrapyd(found)
        try:
            jobs = listed(self._settings)
        except ScrapydError:
            return Scrapyd(found)
        return Scrapyd(found, len(jobs.running), len(jobs.pending))

    def _ask_database(self) -> bool:
        """Whether it is there, and ours, and read."""
        try:
            return self._store.look() is not None
        except (HorsesError, OSError) as error:
            logger.warning("The database does not answer: %s", error)
            return False
