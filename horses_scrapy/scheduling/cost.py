"""`scheduler.py plan`: what the configuration asks of each host in a day and in 30, and what that costs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from horses_scrapy.clock import from_ms, to_ms
from horses_scrapy.config import Settings, Track
from horses_scrapy.config.updates import LiveData, Update, Updates
from horses_scrapy.scheduling.race_day import Load, PerPoll, load
from horses_scrapy.scheduling.snapshot import host_of, limits_of
from horses_scrapy.storage.estimates import newest_card
from horses_scrapy.storage.planning import requests_per_poll
from horses_scrapy.storage.slots import CARD, NEAR
from horses_scrapy.updates.catalogue import jobs
from horses_scrapy.updates.due import instants
from horses_scrapy.updates.profiles import CRONS

DAY_MS = 86_400_000
MONTH_DAYS = 30
RECENT_MS = 7 * DAY_MS
RACES, FIRST_POST, SPACING_MS = 8, time(13), 1_800_000
"""Of a day at a track of which no card is stored yet."""


@dataclass(frozen=True, slots=True)
class TrackDay:
    """A track's racing day. `card`: today, the day it is taken from, or assumed. `whole`: requests of its whole card."""

    key: str
    source: str
    host: str
    posts: tuple[int, ...]
    card: str
    whole: float
    load: Load


@dataclass(frozen=True, slots=True)
class Runs:
    """Instants at which an update runs, in a day and in a month."""

    update: Update
    day: tuple[int, ...]
    month: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests of a track."""

    day: int
    month: int


@dataclass(frozen=True, slots=True)
class HostCost:
    """Requests. cost: of 1 day and of 30, None where no source of the host has a price."""

    host: str
    tracks: int
    cadence: int
    updates: int
    month: int
    budget: int | None
    cost: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Profile:
    """Of live_data, for those who want it instead of the cadence."""

    cron: str
    runs: int
    requests: int


@dataclass(frozen=True, slots=True)
class Cost:
    tracks: tuple[TrackDay, ...]
    hosts: tuple[HostCost, ...]
    profiles: tuple[Profile, ...]


def reckon(settings: Settings, now_ms: int, connection: Connection | None) -> Cost:
    """`connection`: None before there is a database."""
    watched = settings.enabled_tracks
    known = {} if connection is None else requests_per_poll(connection, watched, now_ms - RECENT_MS)
    days = tuple(_track_day(settings, watched[key], now_ms, connection, known) for key in sorted(watched))
    runs = [_runs(told, now_ms) for name in Updates.NAMES if (told := settings.updates.of(name)).enabled]
    hosts = tuple(_host(settings, host, own, runs) for host, own in sorted(_by_host(days).items()))
    profiles = tuple(_profile(cron, settings.updates.live_data, days, now_ms) for cron in CRONS)
    return Cost(days, hosts, profiles)


def _track_day(
    settings: Settings, track: Track, now_ms: int, connection: Connection | None, known: Mapping[tuple[str, str], int]
) -> TrackDay:
    told = settings.cadence(track.key)
    posts, card = _posts(track, now_ms, connection)
    per_poll = PerPoll(known.get((track.key, CARD)), known.get((track.key, NEAR)))
    day = load(posts, told, len(told.card_times), per_poll)
    host = host_of(settings, track.key)
    return TrackDay(track.key, track.source, host, posts, card, per_poll.of_card(len(posts)), day)


def _posts(track: Track, now_ms: int, connection: Connection | None) -> tuple[tuple[int, ...], str]:
    zone = ZoneInfo(track.timezone)
    today = from_ms(now_ms).astimezone(zone).date()
    stored = None if connection is None else newest_card(connection, track.key, today.isoformat())
    if stored is None:
        first = to_ms(datetime.combine(today, FIRST_POST, zone))
        return tuple(first + number * SPACING_MS for number in range(RACES)), "assumed"
    day, posts = stored
    later = (today - datetime.fromisoformat(day).date()) // timedelta(milliseconds=1)
    return tuple(post + later for post in posts), "today" if later == 0 else f"as {day}"


def _by_host(days: Iterable[TrackDay]) -> dict[str, list[TrackDay]]:
    found = defaultdict(list)
    for day in days:
        found[day.host].append(day)
    return found


def _host(settings: Settings, host: str, days: Sequence[TrackDay], runs: Iterable[Runs]) -> HostCost:
    spent = {day: _spent(day, runs) for day in days}
    cadence = sum(day.load.requests for day in days)
    return HostCost(
        host,
        len(days),
        cadence,
        sum(one.day for one in spent.values()) - cadence,
        sum(one.month for one in spent.values()),
        limits_of(settings, [day.key for day in days])[host].per_day,
        _price(settings, spent),
    )


def _spent(day: TrackDay, runs: Iterable[Runs]) -> Spent:
    """As if every day were a racing day such as this one."""
    asked = [_asked(one, day) for one in runs]
    return Spent(
        day.load.requests + round(sum(one for one, _ in asked)),
        MONTH_DAYS * day.load.requests + round(sum(one for _, one in asked)),
    )


def _price(settings: Settings, spent: Mapping[TrackDay, Spent]) -> tuple[float, float] | None:
    prices = [(settings.sources[day.source].cost_per_request, one) for day, one in spent.items()]
    known = [(price, one) for price, one in prices if price is not None]
    if not known:
        return None
    return sum(price * one.day for price, one in known), sum(price * one.month for price, one in known)


def _runs(update: Update, now_ms: int) -> Runs:
    """From now on."""
    until = now_ms + MONTH_DAYS * DAY_MS
    month = tuple(takewhile(lambda at: at <= until, instants(update.cron, update.timezone, now_ms)))
    return Runs(update, tuple(at for at in month if at <= now_ms + DAY_MS), month)


def _asked(runs: Runs, day: TrackDay) -> tuple[float, float]:
    """Requests for one track in a day and in a month."""
    each = sum(map(_dates, jobs(runs.update))) * day.whole
    hours = isinstance(runs.update, LiveData) and runs.update.racing_hours
    in_day, in_month = (sum(not hours or _races(day, at) for at in when) for when in (runs.day, runs.month))
    return each * in_day, each * in_month


def _dates(arguments: Mapping[str, str]) -> int:
    """How many days' cards or results a job reads."""
    if "days_ahead" in arguments:
        return int(arguments["days_ahead"]) + 1
    return int(arguments.get("days_back", "1"))


def _races(day: TrackDay, at: int) -> bool:
    """Whether the track races then, if it raced every day at the same hours."""
    opens, closes = day.load.hours
    return (at - opens) % DAY_MS < closes - opens


def _profile(cron: str, told: LiveData, days: Iterable[TrackDay], now_ms: int) -> Profile:
    runs = _runs(told.model_copy(update={"cron": cron}), now_ms)
    return Profile(cron, len(runs.day), round(sum(_asked(runs, day)[0] for day in days)))
