"""Drains the outbox: decides what goes out, and lets every server have its own sender."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from alerts.channels.channel import Channel
from alerts.lane import STORE_PAUSE, Lane, Report
from alerts.outbox import Outbox
from horses_scrapy.clock import Clock
from horses_scrapy.errors import StoreBroken, StoreError

log = logging.getLogger(__name__)

DECIDE_EVERY = 0.1
"""Real seconds between two looks at what waits to be grouped."""
TAKE_OVER_EVERY = 30.0
"""Real seconds between two looks at what other machines' mailers left when they died."""


def _tell_nobody(_worked: bool) -> None:
    pass


class Mailer:
    """The only sender of a database, or on a server of its machine. Its lock (only_one) must be held while it works."""

    def __init__(
        self, outbox: Outbox, channels: Mapping[str, Channel], clock: Clock, chance: random.Random | None = None
    ) -> None:
        self._outbox = outbox
        self._taken_over = 0.0  # when it was last looked for, by the monotonic clock
        jitter = random.Random() if chance is None else chance  # noqa: S311 (jitter, no secret)
        self.lanes = [
            Lane(channel, whose, outbox, clock, jitter) for channel in channels.values() for whose in channel.lanes
        ]

    def run(self, stop: threading.Event, after_round: Callable[[bool], None] = _tell_nobody) -> None:
        """Until `stop`; messages in flight are finished first. A database that refuses is asked again; raises StoreBroken.

        after_round is told whether the round could do its work.
        """
        self._take_over(stop)
        with ThreadPoolExecutor(len(self.lanes), "lane") as threads:
            senders = [threads.submit(lane.run, stop) for lane in self.lanes]
            try:
                while not stop.is_set():
                    if self._outbox.shared and time.monotonic() - self._taken_over > TAKE_OVER_EVERY:
                        self._take_over(stop)
                    worked = self._decide(stop)
                    _raise_what_ended(senders)
                    after_round(worked)
                    stop.wait(DECIDE_EVERY)
            finally:
                stop.set()  # a sender or the decisions failed: the others must not go on as if all were well
                self._wake()

    def once(self) -> Report:
        """One look; what a dead sender left is taken over."""
        self._outbox.free_orphans()
        return self.flush(threading.Event())

    def flush(self, stop: threading.Event) -> Report:
        """Decide, then offer what is due, all lanes at once."""
        self._outbox.collect()
        report = Report()
        with ThreadPoolExecutor(len(self.lanes), "lane") as threads:
            for each in threads.map(lambda lane: lane.drain(stop), self.lanes):
                report.add(each)
        return report

    def _wake(self) -> None:
        for lane in self.lanes:
            lane.wake.set()

    def unsent(self) -> int:
        return self._outbox.unsent()

    def _take_over(self, stop: threading.Event) -> None:
        """Before the first lane works, whatever dead senders left; later what others' did whose leases ran out."""
        self._taken_over = time.monotonic()
        while not stop.is_set():
            try:
                freed = self._outbox.free_orphans()
            except StoreError as error:
                _again(error, stop)
            else:
                if freed:
                    log.info("Took over %s unfinished messages", freed)
                return

    def _decide(self, stop: threading.Event) -> bool:
        try:
            self._outbox.collect(self._wake)
        except StoreError as error:
            _again(error, stop)
            return False
        return True


def _again(error: StoreError, stop: threading.Event) -> None:
    if isinstance(error, StoreBroken):
        raise error
    log.error("%s. Again in %.0f s", error, STORE_PAUSE)
    stop.wait(STORE_PAUSE)


def _raise_what_ended(senders: list[Future[None]]) -> None:
    for each in senders:
        if each.done():
            each.result()
