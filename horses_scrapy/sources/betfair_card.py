"""Betfair's listMarketCatalogue: the races of a track's day, each a WIN market and most often a PLACE market."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from scrapy.http import Response

from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import RaceItem, RaceType
from horses_scrapy.sources.betfair_numbers import Market, race_numbers
from horses_scrapy.sources.betfair_rpc import SOURCE, read_result
from horses_scrapy.sources.betfair_runner import Runner, parse_runner, selection_id
from horses_scrapy.sources.json_body import Json, each_sound
from horses_scrapy.track_spider import Visit

HORSE_RACING = "7"
KINDS = ("WIN", "PLACE")
RACE_TYPES: dict[str, RaceType] = {
    "Flat": "gallops", "Hurdle": "gallops", "Chase": "gallops", "NHF": "gallops", "Bumper": "gallops",
    "NH Flat": "gallops", "Steeple": "gallops", "Harness": "harness",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Race:
    """One race as the catalogue describes it; `win` and `place` are market ids."""

    number: int
    win: str
    place: str | None
    post_time: datetime
    name: str | None
    race_type: RaceType | None
    runners: tuple[Runner, ...]

    @property
    def markets(self) -> tuple[str, ...]:
        return (self.win,) if self.place is None else (self.win, self.place)


@dataclass(frozen=True, slots=True)
class _Day:
    """The listed markets by their times: WIN and PLACE of one race share theirs."""

    wins: dict[datetime, Market]
    places: dict[datetime, Market]


def parse_catalogue(
    response: Response,
    visit: Visit,
    known: Sequence[Race] = (),
    posts: Mapping[int, datetime] = MappingProxyType({}),
) -> Iterator[Race]:
    """The day's races: those of `known` that are listed no more, then the listed ones.

    known: what earlier answers listed; posts: stored post times by race number. Both number a day that has begun.

    Raises NoCard where there are none; ParseError before any race where they cannot be told apart, after the others where
    one race cannot be read.
    """
    nodes = read_result(response)
    markets = [market for node in nodes if (market := _market(node, visit)) is not None]
    if not markets and (nodes or not known):
        raise _nothing(nodes, visit)
    day = _paired(markets, known)
    ids = {race.win: race.number for race in known}
    times = {post: number for number, post in posts.items()} | {race.post_time: race.number for race in known}
    numbers = race_numbers(list(day.wins.values()), ids, times)
    listed = {numbers[market.market_id] for market in day.wins.values()}
    before = {race.number: race for race in known}
    yield from (race for race in known if race.number not in listed)
    by_path = {market.node.path: market for market in day.wins.values()}

    def read(node: Json) -> Race:
        win = by_path[node.path]
        number = numbers[win.market_id]
        return _race(win, day.places.get(win.time), number, before.get(number))

    yield from each_sound((market.node for market in day.wins.values()), read)


def _paired(markets: Sequence[Market], known: Sequence[Race]) -> _Day:
    wins = {market.time: market for market in markets if market.kind == "WIN"}
    places = {market.time: market for market in markets if market.kind == "PLACE"}
    if len(wins) + len(places) != len(markets):
        raise ParseError("result: two markets of one kind are of one time: their races cannot be told apart")
    settled = {race.place for race in known}  # a PLACE market may be listed longer than its WIN market
    for time, place in places.items():
        if time not in wins and place.market_id not in settled:
            raise ParseError(f"{place.node.path}: a PLACE market at {time} without a WIN market")
    return _Day(wins, places)


def race_item(race: Race, response: Response, visit: Visit, **changes: Any) -> RaceItem:
    """The catalogue tells neither the state of a race nor who was withdrawn: both come with the book."""
    fields: dict[str, Any] = {
        "track": visit.track.key,
        "race_date": visit.race_date,
        "race_number": race.number,
        "source": SOURCE,
        "source_key": race.win,
        "url": response.url,
        "fetched_at": visit.fetched_at,
        "post_time": race.post_time,
        "status": "scheduled",
        "name": race.name,
        "race_type": race.race_type,
    }
    return RaceItem(**{**fields, **changes})


def _nothing(nodes: Sequence[Json], visit: Visit) -> NoCard | ParseError:
    asked = f"{visit.track.source_key} on {visit.race_date}"
    if not nodes:
        return NoCard(f"no market of {asked}")
    other = nodes[0]["event"].optional_text("name")
    return ParseError(f"result: none of {len(nodes)} markets is of {asked}; the first is of {other}")


def _market(node: Json, visit: Visit) -> Market | None:
    """None for what is not a horse race, of another track, another day, or another kind of bet."""
    if not _is_horses(node):
        return None
    event, description = node["event"], node["description"]
    kind = description["marketType"].text()
    time = description["marketTime"].iso_instant()
    starts = node.get("marketStartTime")
    if starts is not None and starts.iso_instant() != time:
        raise ParseError(f"{starts.path}: {starts.text()} is not description.marketTime, {time}")
    here = event["venue"].text().casefold() == visit.track.source_key.casefold()
    if kind not in KINDS or not here or _day(time, visit) != visit.race_date:
        return None
    return Market(node["marketId"].text(), kind, time, event["openDate"].iso_instant(), node)


def _is_horses(node: Json) -> bool:
    """By the event type that we ask for; in an answer without event types, only horse races have a race type."""
    event_type = node.get("eventType")
    if event_type is not None:
        return event_type["id"].text() == HORSE_RACING
    return node["description"].optional_text("raceType") is not None


def _day(time: datetime, visit: Visit) -> date:
    return time.astimezone(ZoneInfo(visit.track.timezone)).date()


def _race(win: Market, place: Market | None, number: int, before: Race | None) -> Race:
    node = win.node
    runners = tuple(parse_runner(runner) for runner in node["runners"].elements())
    for what in ({runner.selection_id for runner in runners}, {runner.program_number for runner in runners}):
        if len(what) != len(runners) or not runners:
            raise ParseError(f"{node.path}.runners: {len(runners)} runners, {len(what)} of their own")
    if place is not None:
        _same_runners(place, {runner.selection_id for runner in runners})
    race_type = node["description"].optional_text("raceType")
    return Race(
        number=number,
        win=win.market_id,
        place=place.market_id if place is not None else before.place if before is not None else None,
        post_time=win.time,
        name=node.optional_text("marketName"),
        race_type=RACE_TYPES.get(race_type) if race_type is not None else None,
        runners=(*runners, *_no_longer_listed(runners, before)),
    )


def _no_longer_listed(runners: Sequence[Runner], before: Race | None) -> Iterator[Runner]:
    """Runners that an earlier catalogue named: the book calls them REMOVED, and somebody must know their names."""
    selections = {runner.selection_id for runner in runners}
    numbers = {runner.program_number for runner in runners}
    for runner in before.runners if before is not None else ():
        if runner.selection_id not in selections and runner.program_number not in numbers:
            yield runner


def _same_runners(place: Market, selections: Collection[int]) -> None:
    found = {selection_id(runner) for runner in place.node["runners"].elements()}
    if found != selections:
        raise ParseError(f"{place.node.path}.runners: other runners than those of the WIN market at {place.time}")
