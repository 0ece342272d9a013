"""How a race's odds moved: every change of every interest, in a window of time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from horses_scrapy.items import Market, Notation, RaceStatus
from horses_scrapy.program_number import program_order
from horses_scrapy.storage.board_reader import runners
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.price_paths import Step, interests, price_paths
from horses_scrapy.storage.race_boards import Teller, tellers
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.errors import NotThere
from horses_scrapy.web.facts.moves import odds_of, place_at
from horses_scrapy.web.facts.names import the_race
from horses_scrapy.web.models.base import instant, instant_or_none
from horses_scrapy.web.models.race import OddsHistory, Point, Series

BEGIN, END = 0, 253_370_764_800_000
"""1970 to 9999."""
NO_SERIES, NO_POINTS = '"series":[]', '"points":[]}'
"""Where models without them are opened, to put in what they hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which part of a history. since, until: epoch milliseconds, until not included. source: None for all; labels: none for all.

    limit: of points, None for all.
    """

    since: int = BEGIN
    until: int = END
    market: Market = "win_tote"
    source: str | None = None
    labels: frozenset[str] = frozenset()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """The way of one interest's price at one source. looked_at: the source's newest board in the window."""

    label: str
    teller: Teller
    looked_at: int | None
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Ways:
    """horses: by label. cut: from this instant on steps are left out; None where all are there."""

    status: RaceStatus
    all: Sequence[Way]
    horses: Mapping[str, str]
    cut: int | None


def odds_json(reading: Reading, race_id: int, window: Window) -> str:
    """An OddsHistory as it goes out: thousands of points, each a model first, took longer than all else. Raises NotThere."""
    ways = ways_of(reading, race_id, window)
    told = OddsHistory(
        race_id=race_id,
        market=window.market,
        since=None if window.since == BEGIN else instant(window.since),
        until=None if window.until == END else instant(window.until),
        series=[],
        next=None if ways.cut is None else _path(race_id, replace(window, since=ways.cut)),
        estimate=ways.status != "official",
    ).model_dump_json()
    return told.replace(NO_SERIES, f'"series":[{",".join(_all_series(ways))}]', 1)


def ways_of(reading: Reading, race_id: int, window: Window) -> Ways:
    """By source, the primary one first, then in program order. Raises NotThere."""
    race = the_race(reading, race_id)
    found = [_from(way, window.since) for way in _ways(reading, race_id, window)]
    cut = None if window.limit is None else _cut(found, window.since, window.limit)
    kept = [way for way in found if way.steps] if cut is None else [_before(way, cut) for way in found]
    return Ways(race.status, [way for way in kept if way.steps], _horses(reading, race_id), cut)


def _ways(reading: Reading, race_id: int, window: Window) -> list[Way]:
    connection = reading.connection
    asked = [one for one in tellers(connection, race_id) if window.source in {None, one.source.name}]
    if window.source is not None and not asked:
        raise NotThere("that source of this race")
    found = interests(connection, race_id).items()
    labels = sorted(
        (one for one in found if not window.labels or one[1] in window.labels), key=lambda one: program_order(one[1])
    )
    paths = price_paths(connection, race_id, [one.source_id for one in asked], window.market, window.until)
    return [
        Way(label, teller, paths.looked_at.get(teller.source_id), paths.steps.get((teller.source_id, interest), ()))
        for teller in asked
        for interest, label in labels
    ]


def _from(way: Way, since: int) -> Way:
    """With what stood then; what a gap stood at is left out."""
    first = max(place_at(way.steps, since) - 1, 0)
    return replace(way, steps=way.steps[first:])


def _before(way: Way, cut: int) -> Way:
    looked_at = None if way.looked_at is None else min(way.looked_at, cut)
    return replace(way, looked_at=looked_at, steps=way.steps[: place_at(way.steps, cut - 1)])


def _cut(ways: Sequence[Way], since: int, limit: int) -> int | None:
    """Where a part of about `limit` steps ends: before a board, and after at least one, so that the next part goes on."""
    later = sorted(step.at for way in ways for step in way.steps if step.at > since)
    room = limit - sum(len(way.steps) for way in ways) + len(later)
    if room >= len(later):
        return None
    cut = later[max(room, 0)]
    return cut if cut > later[0] else next((at for at in later if at > cut), None)


def _horses(reading: Reading, race_id: int) -> dict[str, str]:
    named: dict[str, list[str]] = {}
    for runner in runners(reading.connection, race_id):
        named.setdefault(runner.label, []).append(runner.horse)
    return {label: " / ".join(horses) for label, horses in named.items()}


def _path(race_id: int, window: Window) -> str:
    asked: list[tuple[str, object]] = [("since", f"{instant(window.since):%Y-%m-%dT%H:%M:%S.%fZ}")]
    asked += [] if window.until == END else [("until", f"{instant(window.until):%Y-%m-%dT%H:%M:%S.%fZ}")]
    asked += [("market", window.market), ("limit", window.limit)]
    asked += [] if window.source is None else [("source", window.source)]
    asked += [("label", label) for label in sorted(window.labels)]
    return f"/api/v1/races/{race_id}/odds?{urlencode(asked)}"


def _all_series(ways: Ways) -> Iterator[str]:
    """Each as JSON."""
    instants = _Instants()
    ends: dict[tuple[Shown, Notation], str] = {}
    for way in ways.all:
        told = Series(
            label=way.label,
            horses=ways.horses.get(way.label, ""),
            source=way.teller.source.name,
            looked_at=instant_or_none(way.looked_at),
            points=[],
        ).model_dump_json()
        yield told.removesuffix(NO_POINTS) + f'"points":[{",".join(_points(way, instants, ends))}]}}'


class _Instants(dict[int, str]):
    """How a point begins, by its instant: the interests of a board share it."""

    def __missing__(self, at: int) -> str:
        self[at] = f'{{"at":"{instant(at).isoformat().replace("+00:00", "Z")}",'
        return self[at]


def _points(way: Way, instants: _Instants, ends: dict[tuple[Shown, Notation], str]) -> Iterator[str]:
    notation = way.teller.source.notation
    for at, shown in way.steps:
        end = ends.get((shown, notation))
        if end is None:
            end = ends[shown, notation] = _end(shown, notation)
        yield instants[at] + end


def _end(shown: Shown, notation: Notation) -> str:
    """Of a point: all behind its instant."""
    told = odds_of(shown, notation)
    point = Point(at=instant(BEGIN), decimal=told.decimal, text=told.text, status=told.status)
    return point.model_dump_json(exclude={"at"}).removeprefix("{")
