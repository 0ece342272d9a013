"""When a crawl asks: once; once for each of several days; or again and again, at fixed instants, until its window ends.

Rounds follow one another: a round begins when nothing of the last one is under way any more. A signal tells extensions and
middlewares of each beginning and end, so that what they know of one round does not leak into the next.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import scrapy
from scrapy.core.engine import ExecutionEngine

from horses_scrapy.clock import Clock, from_ms
from horses_scrapy.config import Track
from horses_scrapy.errors import MissingCredentials, SourceError, StoreError
from horses_scrapy.spider_arguments import Asked, Days, Window
from horses_scrapy.storage.runs import LEASE_MS, Run, Superseded

round_opened = object()
round_closed = object()
"""Signals, with `spider`. Only of crawls of several rounds: one round begins and ends with its spider."""
_STEPS = (0.01, 0.2)
"""Real seconds between two looks at whether a round is done: the first, and the longest."""
_CLOCK_STEP_MS = 2000


@dataclass(frozen=True, slots=True)
class Instants:
    """The due instants of a window: first + k * every, before until. Epoch milliseconds, told by the monotonic clock."""

    first: int
    window: Window
    clock: Clock
    began_at: int
    began_mono: int

    def now(self) -> int:
        """What the clock would show, had nobody set it since the window began."""
        return self.began_at + round((Clock.monotonic_ms() - self.began_mono) * self.clock.rate)

    def mono_of(self, instant: int) -> int:
        return self.began_mono + round((instant - self.began_at) / self.clock.rate)

    def clock_was_set(self) -> bool:
        return abs(self.clock.now_ms() - self.now()) > max(_CLOCK_STEP_MS * self.clock.rate, self.window.every // 2)

    def next(self, now: int, last: int | None) -> int | None:
        """The one to poll at after `last`: the newest that is not later than half the cadence, else the one to come."""
        every = self.window.every
        due = self.first if last is None else last + every
        if now > due:
            newest = now - (now - self.first) % every
            due = max(due, newest if now - newest <= every // 2 else newest + every)
        return due if due < self.window.until else None


def is_idle(engine: ExecutionEngine) -> bool:
    """Whether all that was asked for is answered, read and stored: as the engine's own, which never is while start() runs."""
    pending = engine.scheduler is not None and engine.scheduler.has_pending_requests()
    scraping = engine.scraper.slot is not None and not engine.scraper.slot.is_idle()
    return not (pending or scraping or engine.downloader.active)


class RoundSpider(scrapy.Spider):
    """A spider that asks in rounds. `race_date`, `history`, `give_up_at` and `problems` are those of the round."""

    track: Track
    clock: Clock
    run: Run  # set by the crawl_run extension when the spider opens
    asked: Asked
    days: Days
    window: Window | None
    race_date: dt.date
    history: bool
    give_up_at: int | None
    cached_cards: bool
    problems: list[BaseException]
    coalesced = 0
    """Instants of the window at which the poll before was still under way."""
    poll_id: str | None = None
    """Job id of the window's poll that is under way."""
    _superseded = False

    async def start(self) -> AsyncIterator[Any]:
        try:
            self._check_credentials()
        except MissingCredentials as error:
            self.note(error, str(error))
            return
        async for _ in self._rounds():
            try:
                self.look_back()
                async for one in self.asks():
                    yield one
            except (SourceError, StoreError) as error:
                self.note(error, str(error))

    def look_back(self) -> None:
        """What is stored before the round stores anything. Raises NothingDue."""
        raise NotImplementedError

    def asks(self) -> AsyncIterator[Any]:
        """The requests, and items, that a round begins with. What it raises of SourceError ends the round."""
        raise NotImplementedError

    def all_over(self) -> bool:
        """Whether what was asked for of the day has ended."""
        raise NotImplementedError

    def note(self, problem: BaseException, text: str) -> None:
        raise NotImplementedError

    def _check_credentials(self) -> None:
        raise NotImplementedError

    def lifetime(self, one_round: float) -> float:
        """Real seconds that the crawl may take, where one round may take so many."""
        if self.window is None:
            return one_round * len(self.days.dates)
        return one_round + self.clock.real_seconds(max(0, self.window.until - self.clock.now_ms()) / 1000)

    def begin_round(self, race_date: dt.date, give_up_at: int | None) -> None:
        self.race_date = race_date
        self.history = race_date < self.clock.now().astimezone(ZoneInfo(self.track.timezone)).date()
        self.give_up_at = give_up_at
        self.cached_cards = (self.asked.narrow or self.window is not None) and not self.days.again

    def _rounds(self) -> AsyncIterator[None]:
        if self.window is not None:
            return self._poll_rounds(self.window)
        return self._one_round() if self.days.one else self._day_rounds()

    async def _one_round(self) -> AsyncIterator[None]:
        yield

    async def _day_rounds(self) -> AsyncIterator[None]:
        known = self.run.synced_days() if self.days.sync else frozenset()
        for race_date in self.days.dates:
            if race_date in known:
                self.logger.info("%s was read to its end before: left out", race_date)
                continue
            if self._closing():
                return
            self.begin_round(race_date, self.give_up_at)
            self._tell(round_opened)
            yield
            await self._done()
            self._tell(round_closed)

    async def _poll_rounds(self, window: Window) -> AsyncIterator[None]:
        instants = self._instants(window)
        due = instants.next(instants.now(), None)
        while due is not None and await self._wait_for(due, instants):
            if self._claims(due, instants):
                self.begin_round(self.race_date, due + window.every - window.margin)
                self._tell(round_opened)
                yield
                await self._done()
                over = self._ends_early()
                self._tell(round_closed)
                if over:
                    return
            after = instants.next(instants.now(), due)
            self.coalesced += 0 if after is None else (after - due) // window.every - 1
            due = after

    def _instants(self, window: Window) -> Instants:
        """Of the slot that asked for the window; by hand they begin now, on the second: a poll's job id names it."""
        now, slot = self.clock.now_ms(), self.run.slot
        first = slot.due_at if slot is not None else now - now % 1000
        return Instants(first, window, self.clock, now, Clock.monotonic_ms())

    def _claims(self, due: int, instants: Instants) -> bool:
        """False: the poll is another run's, or it cannot be written down."""
        try:
            self.poll_id = self.run.claim_poll(due, instants.mono_of(due), self.asked.races)
        except StoreError as error:
            self._fail_round(error)
            return False
        if self.poll_id is None:
            self.logger.info("Another run has polled at %s", from_ms(due))
        return self.poll_id is not None

    async def _wait_for(self, due: int, instants: Instants) -> bool:
        """Real time; the lease is renewed on the way. False: the window is over before its time."""
        longest = LEASE_MS / 2 / self.clock.rate
        while (left := instants.mono_of(due) - Clock.monotonic_ms()) > 0:
            await asyncio.sleep(min(left, longest) / 1000)
            if left > longest:
                self._renew()
        if instants.clock_was_set():
            self.logger.warning("The clock was set, or the machine slept: the window ends here")
            return False
        return not self._superseded and not self._closing()

    def _renew(self) -> None:
        try:
            self.run.renew()
        except StoreError as error:
            self._fail_round(error)

    def _fail_round(self, error: StoreError) -> None:
        """A poll that came to nothing before it began."""
        self.poll_id = None
        self._superseded = self._superseded or isinstance(error, Superseded)
        self._tell(round_opened)
        self.note(error, str(error))
        self._tell(round_closed)

    async def _done(self) -> None:
        step, longest = _STEPS
        while not is_idle(self._engine):
            await asyncio.sleep(step)
            step = min(step * 1.5, longest)

    def _closing(self) -> bool:
        """Between two rounds nothing is under way that an engine could be too busy with."""
        return self._engine.needs_backout()

    @property
    def _engine(self) -> ExecutionEngine:
        assert self.crawler.engine is not None
        return self.crawler.engine

    def _ends_early(self) -> bool:
        try:
            over = self.all_over()
        except StoreError as error:
            self.note(error, str(error))
            return False
        if over:
            self.logger.info("All that was asked for is over: the window ends here")
        return over

    def _tell(self, signal: object) -> None:
        self.crawler.signals.send_catch_log(signal=signal, spider=self)
