"""Which races a list holds, and in what order."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from starlette.datastructures import URL

from horses_scrapy.clock import from_ms
from horses_scrapy.health.checks.tracks import AHEAD_MS, BACK_MS
from horses_scrapy.items import RaceStatus
from horses_scrapy.storage.race_list import ListedRace, races_around, races_on
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.freshness import by_track
from horses_scrapy.web.facts.post import MINUTE_MS, WAIT_MS
from horses_scrapy.web.facts.race_lines import race_lines
from horses_scrapy.web.models.base import Page
from horses_scrapy.web.models.race_list import RaceList

Kind = Literal["race", "game"]
DONE = frozenset({"official", "cancelled", "postponed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """date: at the track; None: races of today. due: minutes. No status: any."""

    date: dt.date | None = None
    track: str | None = None
    status: frozenset[RaceStatus] = frozenset()
    due: int | None = None
    kind: Kind = "race"


def race_list(reading: Reading, asked: Asked, url: URL, limit: int, offset: int) -> RaceList:
    """url: of this list."""
    found = races(reading, asked)
    return RaceList(
        races=race_lines(reading, found[offset : offset + limit], by_track(reading)),
        page=_page(url, len(found), limit, offset),
    )


def _page(url: URL, total: int, limit: int, offset: int) -> Page:
    after = offset + limit
    url = url.include_query_params(offset=after)
    return Page(total=total, limit=limit, offset=offset, next=f"{url.path}?{url.query}" if after < total else None)


def races(reading: Reading, asked: Asked) -> list[ListedRace]:
    """By post time, then track and number; races without a post time last."""
    found = [] if asked.kind == "game" else _of_the_time(reading, asked.date)
    return sorted((race for race in found if _is_asked_for(race, asked, reading.now_ms)), key=_order)


def _of_the_time(reading: Reading, date: dt.date | None) -> Sequence[ListedRace]:
    """Of today: posts from 12 h ago to 24 h ahead, so that a card at night and one across the world is whole."""
    if date is not None:
        return races_on(reading.connection, date)
    found = races_around(reading.connection, reading.now_ms - BACK_MS, reading.now_ms + AHEAD_MS)
    return [race for race in found if race.post_time is not None or _is_today(race, reading.now_ms)]


def _is_today(race: ListedRace, now_ms: int) -> bool:
    return race.race_date == from_ms(now_ms).astimezone(ZoneInfo(race.timezone)).date().isoformat()


def _is_asked_for(race: ListedRace, asked: Asked, now_ms: int) -> bool:
    return (
        (asked.track is None or race.is_at(asked.track))
        and (not asked.status or race.status in asked.status)
        and (asked.due is None or _is_due(race, asked.due, now_ms))
    )


def _is_due(race: ListedRace, minutes: int, now_ms: int) -> bool:
    """Overdue ones too, for as long as a race may wait."""
    if race.post_time is None or race.status in DONE:
        return False
    return now_ms - WAIT_MS <= race.post_time <= now_ms + minutes * MINUTE_MS


def _order(race: ListedRace) -> tuple[bool, int, str, int]:
    return race.post_time is None, race.post_time or 0, race.track_key, race.race_number
