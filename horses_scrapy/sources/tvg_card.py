"""The schedule of a track at FanDuel Racing, and what makes sure that an answer is of the race that was asked for."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from scrapy.http import Response

from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import RaceItem
from horses_scrapy.sources.json_body import Json, each_sound
from horses_scrapy.sources.tvg_names import RACE_TYPES, SOURCE, data_of, status_of
from horses_scrapy.track_spider import Visit


def parse_card(response: Response, visit: Visit) -> Iterator[RaceItem]:
    """The day's races without entries. The service lists the coming card only: NoCard for any other day, and for greyhounds."""
    races = [race for race in data_of(response)["races"].elements() if not race["isGreyhound"].truth()]
    for race in races:
        _same_track(race, visit)
    today = [race for race in races if _day(race) == visit.race_date]
    if not today:
        days = ", ".join(sorted({_day(race).isoformat() for race in races})) or "no day"
        raise NoCard(f"no race of {visit.track.source_key} on {visit.race_date}: the service lists {days}")
    return each_sound(today, lambda race: card_race(race, response, visit))


def card_race(race: Json, response: Response, visit: Visit) -> RaceItem:
    """A race as the service has it now, without entries."""
    number = _number(race)
    identity = f"{visit.track.source_key}-{number}"
    if race["id"].text() != identity:
        raise ParseError(f"{race['id'].path}: {identity} is expected, not {race['id'].text()[:20]}")
    return RaceItem(
        track=visit.track.key,
        race_date=visit.race_date,
        race_number=number,
        source=SOURCE,
        source_key=str(race["tvgRaceId"].whole()),
        url=response.url,
        fetched_at=visit.fetched_at,
        post_time=_post_time(race, visit),
        status=status_of(race),
        name=race.optional_text("description"),
        race_type=race["type"]["code"].one_of(RACE_TYPES),
    )


def the_race(response: Response, visit: Visit, race: RaceItem) -> Json:
    """The one race of an answer, if it is the one that was asked for."""
    found = data_of(response)["races"].elements()
    if len(found) != 1:
        raise ParseError(f"{response.url}: {len(found)} races where one was asked for")
    node = found[0]
    _same_track(node, visit)
    told = (str(node["tvgRaceId"].whole()), _number(node), _day(node))
    asked = (race.source_key, race.race_number, visit.race_date)
    if told != asked:
        raise ParseError(f"{node.path}: {asked[0]} (race {asked[1]} on {asked[2]}) was asked for, not {told}")
    return node


def _same_track(race: Json, visit: Visit) -> None:
    code = race["track"]["code"]
    if code.text() != visit.track.source_key:
        raise ParseError(f"{code.path}: {visit.track.source_key} was asked for, not {code.text()[:20]}")


def _number(race: Json) -> int:
    """The service writes it as text."""
    text = race["number"].text()
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise ParseError(f"{race['number'].path}: a race number is expected, not {text[:20]!r}")
    return int(text)


def _day(race: Json) -> date:
    """`2026-08-15`, or the same with T00:00:00."""
    text = race["raceDate"].text().removesuffix("Z").removesuffix("T00:00:00")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ParseError(f"{race['raceDate'].path}: a date is expected, not {text[:40]!r}") from error


def _post_time(race: Json, visit: Visit) -> datetime:
    """Of the card's day at the track; the last races of an evening may come after midnight."""
    post = race["postTime"].iso_instant()
    local = post.astimezone(ZoneInfo(visit.track.timezone)).date()
    if not timedelta() <= local - visit.race_date <= timedelta(days=1):
        raise ParseError(f"{race['postTime'].path}: {post.isoformat()} is not of the card of {visit.race_date}")
    return post
