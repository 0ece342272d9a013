"""Start, and stop in the reverse order: locks, database, rules, health, loop."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager

from alerts.engine import Engine
from alerts.setup import rules_of, setting_of
from alerts.system_engine import SystemEngine
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, PARTIAL, ConfigError, Unhealthy
from horses_scrapy.health import Fault, check, client_of
from horses_scrapy.only_one import only_one
from horses_scrapy.scheduling.loop import Parts, Scheduler
from horses_scrapy.scheduling.once import crawl_each
from horses_scrapy.scheduling.stop import Stop, on_signals
from horses_scrapy.storage.engine import Store, address_of, open_store
from horses_scrapy.storage.leader import leading

logger = logging.getLogger(__name__)

RETRY_S = 0.25


def serve(settings: Settings, clock: Clock, *, wait: float = 0) -> int:
    """Watch until a signal; the exit code. `wait`: real seconds to let scrapyd and the database come up."""
    with on_signals(settings.scheduler.shutdown_timeout) as stop, started(settings, clock, stop, wait) as scheduler:
        if not stop.asked:
            scheduler.run(stop)
        logger.info("Stopped")
        return PARTIAL if settings.track_faults or scheduler.faults else OK


def once(settings: Settings, clock: Clock, *, wait: float = 0) -> int:
    """Crawl each enabled track once and wait for the end; the exit code."""
    with on_signals(settings.scheduler.shutdown_timeout) as stop, started(settings, clock, stop, wait) as scheduler:
        code = crawl_each(scheduler, stop)
        return code or (PARTIAL if settings.track_faults or scheduler.faults else OK)


@contextmanager
def started(settings: Settings, clock: Clock, stop: Stop, wait: float) -> Iterator[Scheduler]:
    """A scheduler that is alone and healthy. Raises AlreadyRunning, ConfigError or Unhealthy."""
    _tell_tracks(settings)
    with (
        only_one(settings.state_dir / "scheduler.lock", "scheduler"),
        leading(address_of(settings), "scheduler"),
        closing(open_store(settings, clock)) as store,
    ):
        logger.info("%s", store.banner())
        setting = setting_of(settings, rules_of(settings))
        faults = _healthy(settings, store, stop, wait)
        tracks = tuple(sorted(settings.enabled_tracks))
        parts = Parts(
            settings=settings,
            store=store,
            clock=clock,
            scrapyd=client_of(settings),
            engine=Engine(store, setting, clock),
            system=SystemEngine(store, setting, clock, watching_since=clock.now_ms()),
            tracks=tracks,
        )
        yield Scheduler(parts, faults)


def _tell_tracks(settings: Settings) -> None:
    for fault in settings.track_faults:
        logger.error("Not watched: %s", fault)
    codes = [track.code for track in settings.enabled_tracks.values()]
    if not codes:
        raise ConfigError(f"{settings.config_file.with_name('tracks.yaml')}: no track is enabled: nothing to watch")
    logger.info("Monitoring %d track%s: %s", len(codes), "" if len(codes) == 1 else "s", ", ".join(sorted(codes)))


def _healthy(settings: Settings, store: Store, stop: Stop, wait: float) -> list[Fault]:
    """The faults that concern single tracks. Raises Unhealthy for the others once the wait is over."""
    until = Clock.monotonic_ms() + wait * 1000
    while True:
        faults = check(settings, store)
        fatal = [fault for fault in faults if fault.fatal]
        if not fatal:
            break
        if Clock.monotonic_ms() >= until or stop.wait(RETRY_S):
            raise Unhealthy("not started: " + "; ".join(map(str, fatal)))
    for fault in faults:
        logger.error("%s", fault)
    logger.info("Watching; scrapyd answers at %s", settings.scrapyd.url)
    return faults
