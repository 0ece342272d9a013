"""`scheduler.py --update NAME`: an update that a person asks for is queued, and its end awaited."""

import argparse
import logging
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import FATAL, OK, PARTIAL, AlreadyRunning
from horses_scrapy.scheduling.loop import Scheduler
from horses_scrapy.scheduling.service import started
from horses_scrapy.scheduling.stop import Stop, on_signals
from horses_scrapy.storage.engine import open_store
from horses_scrapy.updates import report
from horses_scrapy.updates.by_hand import options_of
from horses_scrapy.updates.catalogue import IN_PROCESS, Options, check, jobs
from horses_scrapy.updates.service import Updates

logger = logging.getLogger(__name__)

LOOK_S = 0.25
STOPPED = "not awaited"

Dispatch = Callable[[], None]


def run(
    settings: Settings,
    clock: Clock,
    names: Sequence[str],
    arguments: argparse.Namespace,
    dry_run: bool,
    *,
    wait: float = 0,
) -> int:
    """The updates one after the other: OK, PARTIAL, or FATAL where none brought anything. Raises AlreadyRunning.

    A scheduler that runs posts their jobs; otherwise this process does, and is the scheduler meanwhile.
    """
    options = options_of(arguments)
    check(names, options)
    if dry_run:
        sys.stdout.writelines(f"{line}\n" for line in lines(settings, names, options))
        return OK
    with on_signals(settings.scheduler.shutdown_timeout) as stop, _driver(settings, clock, names, stop, wait) as driver:
        updates, dispatch = driver
        return _code([_one(name, options, updates, dispatch, clock, stop) for name in names])


def lines(settings: Settings, names: Sequence[str], options: Options) -> Iterator[str]:
    """What would be asked for."""
    tracks = ", ".join(sorted(settings.enabled_tracks)) or "no enabled track"
    for name in names:
        if name in IN_PROCESS:
            yield f"{name}: would read the shipped files into the database"
        for number, wanted in enumerate(jobs(settings.updates.of(name), options), 1):
            given = " ".join(f"-a {key}={value}" for key, value in wanted.items()) or "whole card"
            yield f"{name}: job {number} of each of {tracks}: {given}"


@contextmanager
def _driver(
    settings: Settings, clock: Clock, names: Collection[str], stop: Stop, wait: float
) -> Iterator[tuple[Updates, Dispatch]]:
    with ExitStack() as held:
        if not IN_PROCESS.issuperset(names):
            try:
                scheduler = held.enter_context(started(settings, clock, stop, wait))
            except AlreadyRunning as error:
                logger.info("%s: it posts the jobs", error)
            else:
                yield scheduler.parts.updates, lambda: _dispatch(scheduler)
                return
        store = held.enter_context(closing(open_store(settings, clock)))
        yield Updates(settings, store, clock), lambda: None


def _dispatch(scheduler: Scheduler) -> None:
    scheduler.renew_at_tick()
    scheduler.dispatch()
    scheduler.report()


def _one(name: str, options: Options, updates: Updates, dispatch: Dispatch, clock: Clock, stop: Stop) -> str:
    """The update's outcome."""
    made = updates.begin(name, options, clock.now_ms(), clock.monotonic_ms())
    while (outcome := updates.settled(made)) is None:
        if stop.wait(LOOK_S):
            logger.warning("Update %s (u%d) is not awaited: the next scheduler settles it", name, made)
            return STOPPED
        dispatch()
        updates.drive(clock.now_ms(), clock.monotonic_ms())
    return outcome


def _code(outcomes: Sequence[str]) -> int:
    if all(outcome == report.OK for outcome in outcomes):
        return OK
    return FATAL if all(outcome == report.FAILED for outcome in outcomes) else PARTIAL
