"""`scrapy crawl ... -s DRY_RUN=1`: pages are read, items validated and shown; no database is made, none is written.

What is stored is looked at where there is a database of this program's revision, so that the same races are asked for.
Alert rules are not evaluated: they compare with what was stored before. Turns are taken as ever: the site is asked.
"""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from sqlalchemy import Connection

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import StoreError
from horses_scrapy.items import AnyItem, OddsItem, RaceItem
from horses_scrapy.storage.engine import Store, address_of
from horses_scrapy.storage.migrate import HEAD
from horses_scrapy.storage.runs import NOTHING, Ending, Fault, Round, Run

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class DryRun(Run):
    """A run that nobody hears of. known: whether a database can be asked what is stored."""

    known: bool = False

    @classmethod
    def beside(cls, settings: Settings, now: Clock, *, track: str, source: str) -> Self:
        store = Store(address_of(settings))
        state = store.look()
        known = state is not None and state.revision == HEAD
        logger.info("Dry run: nothing is stored; %s is %s", store.shown, "read" if known else "not there yet, or older")
        return cls(store, now, track, source, 0, "dry run", known=known)

    def take_lease(self) -> None:
        """Whoever crawls the track meanwhile is not in the way."""

    @contextmanager
    def write(self) -> Iterator[Connection]:
        raise StoreError("a dry run writes nothing")
        yield

    def renew(self) -> None:
        """There is none."""

    def claim_poll(self, due_at: int, due_mono: int, races: Collection[int]) -> str | None:  # noqa: ARG002
        return f"poll {due_at}"

    def note_round(self, done: Round) -> None:
        """Nothing of it is kept."""

    def reject(self, item: AnyItem, faults: list[Fault]) -> None:
        told = "; ".join(f"{fault.rule}: {fault.field} = {fault.value}" for fault in faults)
        print(f"would reject {_what(item)}: {told}")  # noqa: T201 (what a dry run is for)

    def race_id(self, item: AnyItem) -> int | None:
        return Run.race_id(self, item) if self.known else None

    def finished_races(self, race_date: date) -> frozenset[int]:
        return Run.finished_races(self, race_date) if self.known else frozenset()

    def post_times(self, race_date: date) -> dict[int, datetime]:
        return Run.post_times(self, race_date) if self.known else {}

    def synced_days(self) -> frozenset[date]:
        return Run.synced_days(self) if self.known else frozenset()

    def end(self, ending: Ending, done: Round = NOTHING) -> None:
        """The run is written nowhere."""


def shown(item: AnyItem) -> str:
    """One line: what would be stored."""
    if isinstance(item, RaceItem):
        post = "no post time" if item.post_time is None else f"post {item.post_time:%Y-%m-%d %H:%M %Z}"
        return f"would store {_what(item)}: {item.status}, {post}, {len(item.entries)} entries"
    if isinstance(item, OddsItem):
        pairs = sum(len(grid.prices) for grid in item.grids)
        told = f"{item.status}, {len(item.prices)} prices, {len(item.pools)} pools, {pairs} pair prices"
        flags = f", flagged {', '.join(sorted(item.flags))}" if item.flags else ""
        return f"would store {_what(item)}: {told}{flags}; alert rules are not evaluated in a dry run"
    return f"would store {_what(item)}: {item.status}, {len(item.finishers)} finishers, {len(item.payoffs)} payoffs"


def _what(item: AnyItem) -> str:
    kind = "race" if isinstance(item, RaceItem) else "board" if isinstance(item, OddsItem) else "result"
    return f"{kind} {item.track} {item.race_date} R{item.race_number}"
