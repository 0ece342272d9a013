"""What scripts/scheduler.py does: watch, crawl once, update; and tell what will be asked, what is due, who holds what."""

import argparse
import logging
from collections.abc import Callable, Sequence

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.config.load import Flags
from horses_scrapy.config.reload import reloaded
from horses_scrapy.errors import OK, PARTIAL, ConfigError
from horses_scrapy.scheduling import cost, dry_run, lateness, locks, next_jobs, pick, service, update_now
from horses_scrapy.storage.looking import stored
from horses_scrapy.updates import by_hand
from horses_scrapy.upkeep.screen import say, table

logger = logging.getLogger(__name__)

RUN = "run"
HOUR_MS = 3_600_000
DEFAULT_HOURS = 24.0
HOW = """\
Requests of a poll: as the last 7 days had it where it is known, else the card
and one for each race. A race is taken to be official 5 minutes after its post,
a month to be 30 days such as this one."""


def run(settings: Settings, clock: Clock, told: argparse.Namespace, flags: Flags) -> int:
    """The exit code; `flags`: of the command line, for a reload. Raises ConfigError for options that do not go together."""
    names = by_hand.asked(told, [name for name in settings.updates.NAMES if settings.updates.of(name).enabled])
    _refuse(told, names)
    watched = _narrowed(settings, told)
    if told.verb != RUN:
        return VERBS[told.verb](watched, clock, told)
    dry = settings.system.dry_run
    if names:
        return update_now.run(watched, clock, names, told, dry, wait=told.wait)
    if told.failed_of is not None:
        return _again(watched, clock, told, dry=dry)
    return _look(watched, clock, once=told.once) if dry else _watch(watched, clock, told, flags)


def _narrowed(settings: Settings, told: argparse.Namespace) -> Settings:
    return settings if told.region is None else pick.in_regions(settings, told.region)


def _refuse(told: argparse.Namespace, names: Sequence[str]) -> None:
    """Options that would do nothing."""
    only = {"--once": told.once, "--standby": told.standby, "--failed-of": told.failed_of is not None}
    alone = [flag for flag, given in {**only, "--update": bool(names)}.items() if given]
    if told.verb != RUN and alone:
        raise ConfigError(f"{alone[0]} does not go with {told.verb}, which only tells")
    if names and (told.standby or told.failed_of is not None):
        raise ConfigError(f"{alone[0]} does not go with --update and --force-all")
    if told.next and told.verb != "plan":
        raise ConfigError("--next belongs to plan: scripts/scheduler.py plan --next")
    if told.since is not None and told.verb != "lateness":
        raise ConfigError("--since belongs to lateness: scripts/scheduler.py lateness --since 24")


def _watch(settings: Settings, clock: Clock, told: argparse.Namespace, flags: Flags) -> int:
    if told.once:
        return service.once(settings, clock, wait=told.wait)

    def reload(current: Settings) -> Settings | None:
        new = reloaded(current, flags)
        try:
            return None if new is None else _narrowed(new, told)
        except ConfigError as error:
            logger.error("Not reloaded: %s", error)  # noqa: TRY400 (the text says it all)
            return None

    return service.serve(settings, clock, wait=told.wait, standby=told.standby, reload=reload)


def _look(settings: Settings, clock: Clock, *, once: bool) -> int:
    for line in dry_run.once(settings) if once else dry_run.lines(settings, clock):
        say(line)
    return PARTIAL if settings.track_faults else OK


def _again(settings: Settings, clock: Clock, told: argparse.Namespace, *, dry: bool) -> int:
    failed = pick.that_failed(settings, told.failed_of)
    if not failed:
        say(f"Nothing that is watched failed in {told.failed_of}")
        return OK
    watched = settings.watching(failed)
    return _look(watched, clock, once=True) if dry else service.once(watched, clock, wait=told.wait)


def _plan(settings: Settings, clock: Clock, told: argparse.Namespace) -> int:
    if told.next:
        table(next_jobs.HEADERS, [job.row for job in next_jobs.following(settings, dry_run.look(settings, clock))])
    elif settings.enabled_tracks:
        _tell_cost(_reckoned(settings, clock))
    else:
        say("No track is enabled: nobody is asked for anything")
    return OK


def _reckoned(settings: Settings, clock: Clock) -> cost.Cost:
    with stored(settings) as store:
        if store is None:
            return cost.reckon(settings, clock.now_ms(), None)
        with store.read() as connection:
            return cost.reckon(settings, clock.now_ms(), connection)


def _tell_cost(found: cost.Cost) -> None:
    days = [(day.key, day.source, day.card, len(day.posts), day.load.polls, day.load.requests) for day in found.tracks]
    table(("track", "source", "card", "races", "polls", "requests"), days, numbers=("races", "polls", "requests"))
    say("")
    priced = any(host.cost is not None for host in found.hosts)
    counts = ("tracks", "cadence", "updates", "a day", "30 days", "budget", *(("cost", "30 d") if priced else ()))
    table(("host", *counts), [_host(host, priced=priced) for host in found.hosts], numbers=counts)
    say("")
    runs = [(one.cron, one.runs, f"{one.requests:,}") for one in found.profiles]
    table(("live_data instead, in racing hours", "runs a day", "requests"), runs, numbers=("runs a day", "requests"))
    say("")
    say(HOW)


def _host(host: cost.HostCost, *, priced: bool) -> list[str | int | None]:
    """`budget`: a mark where a day is above it."""
    day = host.cadence + host.updates
    budget = "" if host.budget is None else f"{host.budget:,}{' !' if day > host.budget else ''}"
    money = ["", ""] if host.cost is None else [f"{amount:,.2f}" for amount in host.cost]
    counts = (f"{count:,}" for count in (host.cadence, host.updates, day, host.month))
    return [host.host, host.tracks, *counts, budget, *(money if priced else [])]


def _locks(settings: Settings, clock: Clock, _told: argparse.Namespace) -> int:
    held = locks.of_files(settings)
    with stored(settings) as store:
        if store is not None:
            with store.read() as connection:
                held += locks.stored(connection, clock.now_ms(), settings.scheduler.tick)
    table(locks.HEADERS, [one.row for one in held])
    return OK


def _lateness(settings: Settings, clock: Clock, told: argparse.Namespace) -> int:
    hours = DEFAULT_HOURS if told.since is None else told.since
    now = clock.now_ms()
    with stored(settings) as store:
        lines = [] if store is None else lateness.between(store, now - round(hours * HOUR_MS), now)
    if lines:
        table(lateness.HEADERS, lateness.rows(lines), numbers=lateness.HEADERS[2:])
    else:
        say(f"Nothing was polled in the last {hours:g} h")
    return OK


VERBS: dict[str, Callable[[Settings, Clock, argparse.Namespace], int]] = {
    "plan": _plan,
    "locks": _locks,
    "lateness": _lateness,
}
