"""Rikstoto's list of race days, and the start lists of one: the card of a track.

racedays (recorded): {result: [{raceDayKey "BJ_NR_2021-06-01", trackCode, sportType, races: [{raceNumber, startTime,
progressStatus}], singleLegProducts: [{product, raceNumber, isOpenForBet}]}]}. starts (documented by public readers only):
{result: {"1": [{startNumber, horseName, driverName, isScratched, raceNumber, raceKey "BJ_NR_2021-06-01#1"}]}}.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from scrapy.http import Response

from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import Entry, RaceItem, RaceStatus, RaceType, Source
from horses_scrapy.sources.json_body import Json, each_sound, read_json
from horses_scrapy.sources.local_time import local_instant
from horses_scrapy.track_spider import Visit

SOURCE = Source("rikstoto", "decimal", "pool")
CURRENCY = "NOK"
UNIT = 100
"""Odds are for 1 krone."""
STATUSES: dict[str, RaceStatus] = {"Future": "scheduled", "Ongoing": "closed", "Finished": "unofficial"}
"""All recorded. Nothing of an `Ongoing` race is open for bets; `Finished` does not say that the result is final."""
SPORTS: dict[str, RaceType | None] = {"T": "harness", "G": "gallops", "U": None}
"""T and G by their tracks; U is recorded for Bergen, and what it stands for is not known."""
WIN, TWIN = "V", "TV"


@dataclass(frozen=True, slots=True)
class RaceDay:
    """One track's day: its key in the addresses, its races, the bets that each has (by race number).

    fault: what is wrong with races that are not among them, None where all are sound.
    """

    key: str
    races: tuple[RaceItem, ...]
    products: frozenset[tuple[int, str]]
    fault: str | None = None


def answer(response: Response) -> Json:
    """The `result` of the service's envelope."""
    document = read_json(response)
    if not document["success"].truth():
        code, message = document.get("errorCode"), document.get("message")
        raise ParseError(
            f"{response.url}: the service says no success: {code and code.value}, {message and message.value}"
        )
    return document["result"]


def parse_race_days(response: Response, visit: Visit) -> RaceDay:
    """The track's day, its races without entries. Raises NoCard where it does not race."""
    days = [day for day in answer(response).elements() if _is_of(day, visit)]
    if not days:
        raise NoCard(f"no race day at {visit.track.source_key} on {visit.race_date}")
    if len(days) > 1:
        keys = ", ".join(day["raceDayKey"].text() for day in days)
        raise ParseError(f"result: {keys} are all of {visit.track.source_key}: their races cannot be told apart")
    day = days[0]
    key = day["raceDayKey"].text()
    start = day["startTime"].text()
    if not key.startswith(f"{day['trackCode'].text()}_") or start[:10] != visit.race_date.isoformat():
        raise ParseError(f"{day.path}: {key} starts at {start}, a day of {visit.race_date} was asked for")
    products = [(node["raceNumber"].whole(), node["product"].text(), node) for node in day.list_of("singleLegProducts")]
    on_sale = {number for number, product, node in products if product == WIN and node.flag("isOpenForBet")}
    bets = frozenset((number, product) for number, product, _ in products)
    races, fault = _sound(each_sound(day["races"].elements(), lambda race: _race(race, day, on_sale, response, visit)))
    return RaceDay(key, races, bets, fault)


def _sound(races: Iterator[RaceItem]) -> tuple[tuple[RaceItem, ...], str | None]:
    """The races up to the ParseError that ends them, and what it says."""
    found: list[RaceItem] = []
    while True:
        try:
            found.append(next(races))
        except StopIteration:
            return tuple(found), None
        except ParseError as error:
            return tuple(found), str(error)


def _is_of(day: Json, visit: Visit) -> bool:
    """By the key's date and the track's code or name. Codes of foreign tracks (S1, F3) are of one day only."""
    names = {(day.optional_text(field) or "").casefold() for field in ("trackCode", "raceDayName")}
    dated = (day.optional_text("raceDayKey") or "").endswith(f"_{visit.race_date.isoformat()}")
    return dated and visit.track.source_key.casefold() in names and not day.flag("isMultiTrack")


def _race(race: Json, day: Json, on_sale: set[int], response: Response, visit: Visit) -> RaceItem:
    number = race["raceNumber"].whole()
    status = race["progressStatus"].one_of(STATUSES)
    start = race["startTime"]
    return RaceItem(
        track=visit.track.key,
        race_date=visit.race_date,
        race_number=number,
        source=SOURCE,
        source_key=f"{day['raceDayKey'].text()}#{number}",
        url=response.url,
        fetched_at=visit.fetched_at,
        post_time=local_instant(start.text(), visit.track.timezone, start.path),
        status="open" if status == "scheduled" and number in on_sale else status,
        race_type=day["sportType"].one_of(SPORTS),
    )


def parse_starts(response: Response, visit: Visit, day: RaceDay) -> Iterator[RaceItem]:
    """The day's races with their entries. A race without a sound list costs no other: ParseError at the end."""
    lists = answer(response)
    faults = []
    for race in day.races:
        try:
            yield replace(race, fetched_at=visit.fetched_at, entries=_entries(lists, race))
        except ParseError as error:
            faults.append(str(error))
    if faults:
        raise ParseError("; ".join(faults))


def _entries(lists: Json, race: RaceItem) -> tuple[Entry, ...]:
    starts = lists[str(race.race_number)].elements()
    if not starts:
        raise ParseError(f"{lists.path}.{race.race_number}: no start")
    return tuple(_entry(start, race) for start in starts)


def _entry(start: Json, race: RaceItem) -> Entry:
    if start["raceKey"].text() != race.source_key:
        raise ParseError(f"{start.path}.raceKey: {race.source_key} was asked for, not {start['raceKey'].text()}")
    number, post = str(_start_number(start["startNumber"])), start.get("postPosition")
    return Entry(
        program_number=number,
        label=number,
        horse=start["horseName"].text(),
        status="scratched" if start["isScratched"].truth() else "active",
        jockey=start.optional_text("driverName"),
        post_position=str(post.whole()) if post is not None else None,
        horse_key=start.optional_text("horseRegistrationNumber"),
    )


def _start_number(node: Json) -> int:
    if not 1 <= node.whole() <= 99:
        raise ParseError(f"{node.path}: a start number is expected, not {node.whole()}")
    return node.whole()
