"""A meeting of the Hong Kong Jockey Club: its races with their runners, and how they ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from scrapy.http import Response

from horses_scrapy.errors import Blocked, NoCard, ParseError
from horses_scrapy.items import Entry, EntryStatus, Finisher, RaceItem, RaceStatus, ResultItem, Surface
from horses_scrapy.sources.hkjc_odds import SOURCE, ZONE, program_number
from horses_scrapy.sources.html_page import once
from horses_scrapy.sources.json_body import Json, each_sound, read_json
from horses_scrapy.track_spider import Visit

STATUSES: dict[str, RaceStatus] = {"DECLARED": "scheduled", "RESULT": "official"}
"""DECLARED was recorded; RESULT is known from parser code. Whether bets are sold is told by the pools, not here."""
ENTRY_STATUSES: dict[str, EntryStatus] = {"Declared": "active", "Scratched": "scratched"}
SURFACES: dict[str, Surface] = {"TURF": "turf"}
"""The all weather track's word was not recorded: another one says nothing here."""


@dataclass(frozen=True, slots=True)
class HkjcRace:
    """A race of the card, the key of its meeting, and its order of finish."""

    race: RaceItem
    meeting: str
    finishers: tuple[Finisher, ...]


def answer(response: Response) -> Json:
    """`data` of an answer. Raises Blocked where the service refuses the query, as it does with texts it does not know."""
    document = read_json(response)
    data = document.get("data")
    errors = document.list_of("errors")
    if errors and data is None:
        raise Blocked(f"{response.url}: the service refused the query: {errors[0].optional_text('message')}")
    if errors or data is None:
        raise ParseError(f"data: whole data are expected, not {len(errors)} errors: {str(document.value)[:80]}")
    return data


def parse_meeting(response: Response, visit: Visit) -> Iterator[HkjcRace]:
    """The races of the meeting that was asked for.

    For a day or course without racing the service answers with its next meeting: that is NoCard, unless it lists the
    meeting that was asked for among its own active ones, and so contradicts itself (ParseError).
    """
    data = answer(response)
    asked = (visit.track.source_key, visit.race_date.isoformat())
    meetings = data["raceMeetings"].elements()
    held = [meeting for meeting in meetings if _told(meeting) == asked]
    if not held:
        came = ", ".join(" ".join(_told(meeting)) for meeting in meetings) or "none"
        if asked in {_told(meeting) for meeting in data.list_of("activeMeetings")}:
            raise ParseError(
                f"data.raceMeetings: {' '.join(asked)} is active and was asked for, the answer is of {came}"
            )
        raise NoCard(f"no meeting at {' on '.join(asked)}: the answer is of {came}")
    if len(held) > 1:
        raise ParseError(f"data.raceMeetings: {len(held)} meetings are {' '.join(asked)}")
    key = held[0]["id"].text()
    return each_sound(held[0]["races"].elements(), lambda race: _race(race, key, response, visit))


def _told(meeting: Json) -> tuple[str, str]:
    return meeting["venueCode"].text(), meeting["date"].text()


def _race(race: Json, meeting: str, response: Response, visit: Visit) -> HkjcRace:
    runners = [runner for runner in race["runners"].elements() if not _stand_by(runner)]
    if not runners:
        raise ParseError(f"{race.path}.runners: no declared runner")
    number = race["no"].whole()
    for runner in runners:
        _check_key(runner["id"], number, visit)
    entries = tuple(_entry(runner) for runner in runners)
    once([entry.program_number for entry in entries], f"{race.path}.runners")
    status = race["status"].one_of(STATUSES)
    post_time = race["postTime"].iso_instant()
    if post_time.astimezone(ZoneInfo(ZONE)).date() != visit.race_date:
        raise ParseError(f"{race.path}.postTime: a race of {visit.race_date} is expected, not {post_time.isoformat()}")
    item = RaceItem(
        track=visit.track.key,
        race_date=visit.race_date,
        race_number=number,
        source=SOURCE,
        source_key=race["id"].text(),
        url=response.url,
        fetched_at=visit.fetched_at,
        post_time=post_time,
        status=status,
        name=race.optional_text("raceName_en") or race.optional_text("raceName_ch"),
        entries=entries,
        race_type="gallops",
        surface=_surface(race),
    )
    return HkjcRace(item, meeting, _finishers(runners) if status == "official" else ())


def _surface(race: Json) -> Surface | None:
    track = race.get("raceTrack")
    return None if track is None else SURFACES.get(track.optional_text("description_en") or "")


def _check_key(node: Json, race: int, visit: Visit) -> None:
    """`20260325HV01H213`: day, course, race, horse."""
    expected = f"{visit.race_date:%Y%m%d}{visit.track.source_key}{race:02d}"
    if not node.text().startswith(expected):
        raise ParseError(f"{node.path}: a runner of {expected} is expected, not {node.text()}")


def _stand_by(runner: Json) -> bool:
    """A stand-by horse has no program number, but a place among the stand-bys: it runs only if another does not."""
    if runner.optional_text("no") is not None:
        return False
    if runner.optional_text("standbyNo") is None:
        raise ParseError(f"{runner.path}.no: neither a program number nor a stand-by number")
    return True


def _entry(runner: Json) -> Entry:
    label = program_number(runner["no"].text(), f"{runner.path}.no")
    status = runner["status"].one_of(ENTRY_STATUSES)
    horse = runner.get("horse")
    return Entry(
        program_number=label,
        label=label,
        horse=runner["name_en"].text(),
        status=status,
        jockey=_name(runner, "jockey", status),
        trainer=_name(runner, "trainer", status),
        post_position=runner.optional_text("barrierDrawNumber"),
        horse_key=horse.optional_text("id") if horse is not None else None,
    )


def _name(runner: Json, person: str, status: EntryStatus) -> str | None:
    """Every declared horse has both; who rode a scratched one may be left out."""
    if status == "active":
        return runner[person]["name_en"].text()
    found = runner.get(person)
    return found.optional_text("name_en") if found is not None else None


def _finishers(runners: list[Json]) -> tuple[Finisher, ...]:
    """The order of finish; 0 is no place. Horses in a dead heat have the same."""
    found = []
    for runner in runners:
        position = runner["finalPosition"].whole()
        if position > 0 and runner["status"].one_of(ENTRY_STATUSES) != "active":
            raise ParseError(f"{runner.path}.finalPosition: {position}, though the horse did not run")
        if position > 0:
            label = program_number(runner["no"].text(), f"{runner.path}.no")
            found.append(Finisher(position=position, program_number=label))
    return tuple(sorted(found, key=lambda finisher: finisher.position))


def parse_result(found: HkjcRace) -> ResultItem | None:
    """The official order. The documented fields hold no dividends."""
    race = found.race
    if race.status != "official" or not found.finishers:
        return None
    return ResultItem(
        track=race.track,
        race_date=race.race_date,
        race_number=race.race_number,
        source=SOURCE,
        url=race.url,
        fetched_at=race.fetched_at,
        status="official",
        finishers=found.finishers,
    )
