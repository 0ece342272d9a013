"""What a race and its track are called."""

from functools import lru_cache
from typing import Any

from horses_scrapy.storage.race_list import ListedRace, listed_race
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.errors import NotThere
from horses_scrapy.web.models.base import RaceName, TrackName, instant_or_none


def the_race(reading: Reading, race_id: int) -> ListedRace:
    """Raises NotThere."""
    found = listed_race(reading.connection, race_id)
    if found is None:
        raise NotThere(f"race {race_id}")
    return found


def race_name(race: ListedRace) -> RaceName:
    return RaceName(**named(race))


def named(race: ListedRace) -> dict[str, Any]:
    """The fields of a RaceName, for what is one and more."""
    return {
        "race_id": race.race_id,
        "track": track_name(race),
        "race_date": race.race_date,
        "race_number": race.race_number,
        "name": race.name,
        "post_time": instant_or_none(race.post_time),
        "status": race.status,
    }


def track_name(race: ListedRace) -> TrackName:
    return _track_name(race.track_key, race.track_code, race.track_name, race.timezone, race.country)


@lru_cache(maxsize=512)
def _track_name(key: str, code: str, name: str, timezone: str, country: str | None) -> TrackName:
    """Never changed: all races of a day share it."""
    return TrackName(key=key, code=code, name=name, timezone=timezone, country=country)
