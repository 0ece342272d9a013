"""A day's programme of PMU: the races of one racecourse, their status, their bets and order of finish."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from scrapy.http import Response

from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import Finisher, RaceItem, RaceStatus
from horses_scrapy.sources.json_body import Json, each_sound, read_json
from horses_scrapy.sources.pmu_names import DISCIPLINES, SOURCE, STATUSES, SURFACES, WIN_BETS, is_course
from horses_scrapy.track_spider import Visit


@dataclass(frozen=True, slots=True)
class Course:
    """A race of the programme, with what only the programme tells.

    declared: its runners; paid: whether pay-outs are ready; bets: those that exist, and whether each is on sale.
    """

    race: RaceItem
    declared: int
    finishers: tuple[Finisher, ...]
    paid: bool
    bets: tuple[tuple[str, bool], ...] = ()


def programme_url(base_url: str, day: date) -> str:
    return f"{base_url}/rest/client/61/programme/{day:%d%m%Y}"


def parse_programme(response: Response, visit: Visit) -> Iterator[Course]:
    """The races of the track's meeting. Raises NoCard where none is held on the day, ParseError on another day's answer."""
    programme = read_json(response)["programme"]
    _same_day(programme["date"], visit)
    meetings = [(meeting, _names(meeting)) for meeting in programme["reunions"].elements()]
    held = [meeting for meeting, names in meetings if is_course(names, visit.track)]
    if not held:
        others = ", ".join(names[0] for _, names in meetings) or "no meeting"
        raise NoCard(f"no meeting at {visit.track.source_key} on {visit.race_date}: the programme has {others}")
    if len(held) > 1:
        raise ParseError(f"{len(held)} meetings at {visit.track.source_key}: their races cannot be told apart")
    meeting = held[0]
    _same_day(meeting["dateReunion"], visit)
    number = meeting["numOfficiel"].whole()
    return each_sound(meeting["courses"].elements(), lambda course: _course(course, number, response, visit))


def _names(meeting: Json) -> list[str]:
    """The racecourse's short and long name; its code only where both are missing: most codes are not verified."""
    course = meeting["hippodrome"]
    code = course["code"].text()
    names = [course.optional_text(field) for field in ("libelleCourt", "libelleLong")]
    return [name for name in names if name is not None] or [code]


def _same_day(node: Json, visit: Visit) -> None:
    """The day's first instant at the track; PMU gives midnight in Paris."""
    day = node.instant().astimezone(ZoneInfo(visit.track.timezone)).date()
    if day != visit.race_date:
        raise ParseError(f"{node.path}: {visit.race_date} was asked for, the answer is of {day}")


def _course(course: Json, meeting: int, response: Response, visit: Visit) -> Course:
    number = course["numOrdre"].whole()
    bets = tuple((bet["typePari"].text(), bet.flag("enVente")) for bet in course.list_of("paris"))
    discipline = course.get("discipline")
    race = RaceItem(
        track=visit.track.key,
        race_date=visit.race_date,
        race_number=number,
        source=SOURCE,
        source_key=f"R{meeting}/C{number}",
        url=response.url,
        fetched_at=visit.fetched_at,
        post_time=course["heureDepart"].instant(),
        status=_status(course, bets),
        name=course.optional_text("libelle"),
        race_type=discipline.one_of(DISCIPLINES) if discipline is not None else None,
        surface=SURFACES.get(course.optional_text("typePiste") or ""),
    )
    paid = course.get("rapportsDefinitifsDisponibles") is None or course.flag("rapportsDefinitifsDisponibles")
    return Course(race, course["nombreDeclaresPartants"].whole(), _finishers(course), paid, bets)


def _status(course: Json, bets: tuple[tuple[str, bool], ...]) -> RaceStatus:
    status = course["statut"].one_of(STATUSES)
    if status == "scheduled" and any(bet in WIN_BETS and on_sale for bet, on_sale in bets):
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
