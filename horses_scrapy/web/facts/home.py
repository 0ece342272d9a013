"""The front page: today's races by what is next, and what needs attention first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from horses_scrapy.config import Settings
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.freshness import by_track
from horses_scrapy.web.facts.names import track_name
from horses_scrapy.web.facts.post import AHEAD
from horses_scrapy.web.facts.race_lines import race_lines
from horses_scrapy.web.facts.race_list import Asked, races
from horses_scrapy.web.models.base import Freshness, TrackName
from horses_scrapy.web.models.race_list import RaceLine

OFF = frozenset({"closed", "unofficial"})


@dataclass(frozen=True, slots=True)
class Stale:
    """A watched track that does not bring what its card promises."""

    key: str
    name: str
    freshness: Freshness


def front_page(reading: Reading, track: str | None) -> dict[str, object]:
    """track: the key or code of the only one that is shown. Takes no page of the list: a day is shown whole."""
    today = races(reading, Asked())
    freshness = by_track(reading)
    shown = [race for race in today if track is None or race.is_at(track)]
    lines = race_lines(reading, shown, freshness)
    return {
        "track": track,
        "tracks": _tracks([track_name(race) for race in today]),
        "stale": _stale(reading.settings, freshness),
        "groups": _groups(lines),
        "watched": len(reading.settings.enabled_tracks),
    }


def _tracks(names: Sequence[TrackName]) -> list[TrackName]:
    """Each once, by code."""
    return sorted({name.key: name for name in names}.values(), key=lambda name: (name.code, name.key))


def _stale(settings: Settings, freshness: Mapping[str, Freshness]) -> list[Stale]:
    return [Stale(key, settings.tracks[key].name, one) for key, one in sorted(freshness.items()) if one.degraded]


def _groups(lines: Sequence[RaceLine]) -> dict[str, list[RaceLine]]:
    """coming: the next on top; off: the newest on top; over: and those of which nothing is heard any more."""
    groups: dict[str, list[RaceLine]] = {"coming": [], "off": [], "over": []}
    for line in lines:
        groups[_group(line)].append(line)
    groups["coming"].sort(key=_by_post)
    groups["off"].reverse()
    groups["over"].reverse()
    return groups


def _group(line: RaceLine) -> str:
    if line.status in OFF:
        return "off"
    ahead = line.status in AHEAD and (line.post_time is None or line.expected_post is not None)
    return "coming" if ahead else "over"


def _by_post(line: RaceLine) -> tuple[bool, float]:
    """Keeps the order of the list among equals."""
    at = line.expected_post
    return at is None, 0 if at is None else at.timestamp()
