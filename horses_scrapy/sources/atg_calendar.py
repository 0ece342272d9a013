"""ATG's calendar of a day: the races of one track, without entries. Written for the documented form only.

{date, tracks: [{id, name, sport, races: [{id, number, status, startTime}]}]}; local times without offset.
"""

from collections.abc import Iterator
from datetime import date, datetime

from scrapy.http import Response

from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import RaceItem
from horses_scrapy.sources.atg_names import SOURCE, SPORTS, STATUSES
from horses_scrapy.sources.json_body import Json, each_sound, read_json
from horses_scrapy.sources.local_time import local_instant
from horses_scrapy.track_spider import Visit

API = "/services/racinginfo/v1/api"


def calendar_url(base_url: str, day: date) -> str:
    return f"{base_url}{API}/calendar/day/{day.isoformat()}"


def parse_calendar(response: Response, visit: Visit) -> Iterator[RaceItem]:
    """The races of the track. Raises NoCard where it does not race on the day, ParseError on another day's answer."""
    calendar = read_json(response)
    if calendar["date"].text() != visit.race_date.isoformat():
        raise ParseError(f"date: {visit.race_date} was asked for, not {calendar['date'].text()}")
    tracks = calendar["tracks"].elements()
    held = [track for track in tracks if is_track(track, visit)]
    if not held:
        others = ", ".join(track["name"].text() for track in tracks) or "no track"
        raise NoCard(f"no meeting at {visit.track.source_key} on {visit.race_date}: the calendar has {others}")
    if len(held) > 1:
        raise ParseError(f"tracks: {len(held)} are called {visit.track.source_key}: their races cannot be told apart")
    track = held[0]
    return each_sound(track.list_of("races"), lambda race: _race(race, track, response, visit))


def is_track(track: Json, visit: Visit) -> bool:
    return track["name"].text().casefold() == visit.track.source_key.casefold()


def _race(race: Json, track: Json, response: Response, visit: Visit) -> RaceItem:
    number, key = race["number"].whole(), race["id"].text()
    if key != f"{visit.race_date}_{track['id'].whole()}_{number}":
        raise ParseError(f"{race.path}.id: race {number} at track {track['id'].whole()} is expected, not {key}")
    return RaceItem(
        track=visit.track.key,
        race_date=visit.race_date,
        race_number=number,
        source=SOURCE,
        source_key=key,
        url=response.url,
        fetched_at=visit.fetched_at,
        post_time=post_time(race, visit),
        status=race["status"].one_of(STATUSES),
        name=race.optional_text("name"),
        race_type=track["sport"].one_of(SPORTS),
    )


def post_time(race: Json, visit: Visit) -> datetime | None:
    """`startTime` moves with a delay (recorded: 16:45:52 for a post scheduled at 16:42), `scheduledStartTime` does not."""
    start = race["startTime"]
    return local_instant(start.text(), visit.track.timezone, start.path)
