"""A day's programme of PMU: the races of one racecourse, their status and order of finish."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from scrapy.http import Response

from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import Finisher, RaceItem, RaceStatus, Source
from horses_scrapy.sources.json_body import Json, each_sound, read_json
from horses_scrapy.track_spider import Visit

SOURCE = Source("pmu", "decimal", "display")
STATUSES: dict[str, RaceStatus] = {
    "PROGRAMMEE": "scheduled",
    "DEPART_DANS_TROIS_MINUTES": "open",
    "EN_COURS": "closed",
    "FIN_COURSE": "unofficial",
    "ARRIVEE_PROVISOIRE": "unofficial",
    "ARRIVEE_DEFINITIVE": "official",
    "ARRIVEE_DEFINITIVE_COMPLETE": "official",
    "COURSE_ANNULEE": "cancelled",
}
WIN_BETS = frozenset({"SIMPLE_GAGNANT", "E_SIMPLE_GAGNANT"})
"""On the course and, with E_, on the internet."""


@dataclass(frozen=True, slots=True)
class Course:
    """A race of the programme, with what only the programme tells: declared runners, order of finish, pay-outs ready."""

    race: RaceItem
    declared: int
    finishers: tuple[Finisher, ...]
    paid: bool


def programme_url(base_url: str, day: date) -> str:
    return f"{base_url}/rest/client/61/programme/{day:%d%m%Y}"


def parse_programme(response: Response, visit: Visit) -> Iterator[Course]:
    """The races of the track's meeting. Raises NoCard where none is held on the day, ParseError on another day's answer."""
    programme = read_json(response)["programme"]
    _same_day(programme["date"], visit)
    meetings = [
        meeting
        for meeting in programme["reunions"].elements()
        if meeting["hippodrome"]["code"].text() == visit.track.source_key
    ]
    if not meetings:
        raise NoCard(f"no meeting at {visit.track.source_key} on {visit.race_date}")
    if len(meetings) > 1:
        raise ParseError(f"{len(meetings)} meetings at {visit.track.source_key}: their races cannot be told apart")
    meeting = meetings[0]
    _same_day(meeting["dateReunion"], visit)
    number = meeting["numOfficiel"].whole()
    return each_sound(meeting["courses"].elements(), lambda course: _course(course, number, response, visit))


def _same_day(node: Json, visit: Visit) -> None:
    """The day's first instant at the track; PMU gives midnight in Paris."""
    day = node.instant().astimezone(ZoneInfo(visit.track.timezone)).date()
    if day != visit.race_date:
        raise ParseError(f"{node.path}: {visit.race_date} was asked for, the answer is of {day}")


def _course(course: Json, meeting: int, response: Response, visit: Visit) -> Course:
    number = course["numOrdre"].whole()
    race = RaceItem(
        track=visit.track.key,
        race_date=visit.race_date,
        race_number=number,
        source=SOURCE,
        source_key=f"R{meeting}/C{number}",
        url=response.url,
        fetched_at=visit.fetched_at,
        post_time=course["heureDepart"].instant(),
        status=_status(course),
        name=course.optional_text("libelle"),
    )
    paid = course.get("rapportsDefinitifsDisponibles") is None or course.flag("rapportsDefinitifsDisponibles")
    return Course(race, course["nombreDeclaresPartants"].whole(), _finishers(course), paid)


def _status(course: Json) -> RaceStatus:
    status = course["statut"].one_of(STATUSES)
    if status == "scheduled" and any(
        bet["typePari"].text() in WIN_BETS and bet.flag("enVente") for bet in course.list_of("paris")
    ):
        return "open"
    if status == "unofficial" and (course.flag("arriveeDefinitive") or course.flag("isArriveeDefinitive")):
        return "official"
    return status


def _finishers(course: Json) -> tuple[Finisher, ...]:
    """`[[4], [1, 3], [5]]`: 4 wins, 1 and 3 share the second place, 5 is fourth."""
    finishers: list[Finisher] = []
    for place in course.list_of("ordreArrivee"):
        position = len(finishers) + 1
        finishers += [Finisher(position=position, program_number=str(number.whole())) for number in place.elements()]
    return tuple(finishers)
