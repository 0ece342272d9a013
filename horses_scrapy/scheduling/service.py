"""Start, and stop in the reverse order: database, lead, rules, health, loop."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alerts.engine import Engine
from alerts.setup import rules_of, setting_of
from alerts.system_engine import SystemEngine
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.config.floors import floor_warnings
from horses_scrapy.config.reload import reloaded
from horses_scrapy.errors import OK, PARTIAL, ConfigError, Unhealthy
from horses_scrapy.health import Fault, check, client_of
from horses_scrapy.scheduling.leadership import Dismissed, Lead, leading
from horses_scrapy.scheduling.loop import Parts, Scheduler
from horses_scrapy.scheduling.once import crawl_each
from horses_scrapy.scheduling.stop import Stop, on_signals
from horses_scrapy.storage.engine import Store
from horses_scrapy.supervise import notify
from horses_scrapy.supervise.dead_man import DeadMan
from horses_scrapy.updates.service import Updates

logger = logging.getLogger(__name__)

RETRY_S = 0.25

Reload = Callable[[Settings], Settings | None]
"""The settings as the files give them now; None: they have a fault, which was logged."""


def serve(
    settings: Settings, clock: Clock, *, wait: float = 0, standby: bool = False, reload: Reload = reloaded
) -> int:
    """Watch until a signal; the exit code. `wait`: real seconds to let scrapyd and the database come up.

    standby: where another scheduler leads, wait for its end.
    """
    with on_signals(settings.scheduler.shutdown_timeout) as stop:
        try:
            with started(settings, clock, stop, wait, standby=standby) as scheduler:
                last = _watch(scheduler, stop, reload)
                notify.stopping()
        except Dismissed:
            logger.info("Stopped while standing by")
            return OK
        logger.info("Stopped")
        return PARTIAL if last.parts.settings.track_faults or last.faults else OK


def once(settings: Settings, clock: Clock, *, wait: float = 0) -> int:
    """Crawl each enabled track once, and what updates are due, and wait for the end; the exit code."""
    with on_signals(settings.scheduler.shutdown_timeout) as stop, started(settings, clock, stop, wait) as scheduler:
        code = crawl_each(scheduler, stop)
        return code or (PARTIAL if settings.track_faults or scheduler.faults else OK)


@contextmanager
def started(settings: Settings, clock: Clock, stop: Stop, wait: float, *, standby: bool = False) -> Iterator[Scheduler]:
    """A scheduler that is alone and healthy. Raises AlreadyRunning, ConfigError, Unhealthy or Dismissed."""
    _tell_tracks(settings)
    rules_of(settings)  # what a start refuses is told before anything is opened
    with leading(settings, clock, stop, standby=standby) as lead:
        faults = _healthy(settings, lead.store, stop, wait)
        yield Scheduler(_parts(settings, clock, lead), faults)


def _parts(settings: Settings, clock: Clock, lead: Lead) -> Parts:
    """Raises ConfigError for rules that cannot be used."""
    setting = setting_of(settings, rules_of(settings))
    return Parts(
        settings=settings,
        lead=lead,
        clock=clock,
        scrapyd=client_of(settings),
        engine=Engine(lead.store, setting, clock),
        system=SystemEngine(lead.store, setting, clock, watching_since=clock.now_ms()),
        updates=Updates(settings, lead.store, clock),
        dead_man=DeadMan(settings.scheduler.ping_url.get_secret_value()),
    )


def _watch(scheduler: Scheduler, stop: Stop, reload: Reload) -> Scheduler:
    """The one that ran last: each reload makes another, under the same locks."""
    notify.ready(_watching(scheduler.parts.settings))
    while not stop.asked:
        scheduler.run(stop)
        if not stop.takes_reload():
            break
        notify.reloading()
        scheduler = _reloaded(scheduler, reload)
        notify.ready(_watching(scheduler.parts.settings))
    return scheduler


def _reloaded(scheduler: Scheduler, reload: Reload) -> Scheduler:
    """With the new settings; the same scheduler where they cannot be used."""
    parts = scheduler.parts
    settings = reload(parts.settings)
    if settings is None:
        logger.error("The configuration has faults: the old one stays in force")
        return scheduler
    try:
        _tell_tracks(settings)
        made = Scheduler(_parts(settings, parts.clock, parts.lead), scheduler.faults)
    except ConfigError as error:
        logger.error("%s: the old configuration stays in force", error)  # noqa: TRY400 (the text says it all)
        return scheduler
    parts.updates.close()
    logger.info("The configuration was read again")
    return made


def _tell_tracks(settings: Settings) -> None:
    for fault in settings.track_faults:
        logger.error("Not watched: %s", fault)
    for warning in floor_warnings(settings):
        logger.warning("%s", warning)
    if not settings.enabled_tracks:
        raise ConfigError(f"{settings.config_file.with_name('tracks.yaml')}: no track is enabled: nothing to watch")
    logger.info("%s", _watching(settings))


def _watching(settings: Settings) -> str:
    codes = sorted(track.code for track in settings.enabled_tracks.values())
    return f"Monitoring {len(codes)} track{'' if len(codes) == 1 else 's'}: {', '.join(codes)}"


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
    logger.info("Watching; scrapyd answers at %s", ", ".join(settings.scrapyd.urls))
    return faults
