"""One race of TAB New Zealand: card, board, result."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from scrapy.http import Response

from horses_scrapy.errors import ParseError
from horses_scrapy.items import AnyItem, Entry, EntryStatus, OddsItem, RaceItem, ResultItem
from horses_scrapy.sources.json_body import Json, read_json, same
from horses_scrapy.sources.tab_nz_board import pools, prices, quinella, will_pays
from horses_scrapy.sources.tab_nz_names import (
    RACE_TYPES,
    SOURCE,
    STATUSES,
    SURFACES,
    day,
    from_seconds,
    is_track,
    number,
)
from horses_scrapy.sources.tab_nz_result import finishers, payoffs
from horses_scrapy.track_spider import Visit

Part = TypeVar("Part", bound=tuple[Any, ...])


def parse_event(response: Response, visit: Visit, race: RaceItem) -> Iterator[AnyItem]:
    """One race whole: its card, its board, and how it ended. `race` is what the card said; another race is a ParseError.

    A quinella matrix or will-pays that cannot be read do not cost the board: ParseError at the end.
    """
    document = read_json(response)
    data = document["data"]
    post_time = _identified(data["race"], visit, race)
    entries = _entries(data.list_of("runners"))
    common: dict[str, Any] = {
        "track": visit.track.key,
        "race_date": visit.race_date,
        "race_number": race.race_number,
        "source": SOURCE,
        "url": response.url,
        "fetched_at": visit.fetched_at,
        "status": data["race"]["status"].one_of(STATUSES),
    }
    faults: list[ParseError] = []
    board = _board(document, entries, common, faults)
    ended = tuple(_results(data, entries, common))  # before the board goes out: an official one ends its race
    yield RaceItem(
        **common,
        source_key=race.source_key,
        post_time=post_time,
        name=data["race"].optional_text("description"),
        entries=entries,
        race_type=race.race_type,
        surface=SURFACES.get(data["race"].optional_text("track_surface") or ""),
    )
    yield board
    yield from ended
    if faults:
        raise ParseError("; ".join(map(str, faults)))


def _board(document: Json, entries: tuple[Entry, ...], common: dict[str, Any], faults: list[ParseError]) -> OddsItem:
    data = document["data"]
    grids = _unless_faulty(lambda: quinella(data, entries, common["fetched_at"]), faults)
    no_pairs = frozenset({"no_pairs"} if faults else ())
    shown = zip(data.list_of("runners"), entries, strict=True)
    return OddsItem(
        **common,
        prices=tuple(price for runner, entry in shown for price in prices(runner, entry)),
        pools=pools(data),
        grids=grids,
        will_pays=_unless_faulty(lambda: will_pays(data, common["race_number"], entries), faults),
        source_time=document["header"]["generated_time"].iso_instant(),
        flags=no_pairs,
    )


def _unless_faulty(read: Callable[[], Part], faults: list[ParseError]) -> Part | tuple[()]:
    try:
        return read()
    except ParseError as fault:
        faults.append(fault)
        return ()


def _results(data: Json, entries: tuple[Entry, ...], common: dict[str, Any]) -> Iterator[ResultItem]:
    if common["status"] in {"unofficial", "official"}:
        order = finishers(data, entries)
        if order:
            known = frozenset(entry.program_number for entry in entries)
            yield ResultItem(**common, finishers=order, payoffs=payoffs(data, known))


def _identified(race: Json, visit: Visit, expected: RaceItem) -> datetime:
    """The post time of the race that was asked for."""
    same(race["event_id"], race["event_id"].text(), expected.source_key)
    same(race["race_number"], race["race_number"].whole(), expected.race_number)
    category = race.get("type")
    if category is not None:
        same(category, category.one_of(RACE_TYPES), expected.race_type)
    names = [race["meeting_name"].text(), race.optional_text("display_meeting_name") or ""]
    if not any(is_track(name, visit.track.source_key) for name in names):
        raise ParseError(f"{race.path}.meeting_name: {visit.track.source_key} was asked for, not {names[0]}")
    post_time = from_seconds(race["advertised_start"])
    text = race.get("advertised_start_string")
    if text is not None:
        same(text, _utc(text), post_time)
    nz_date = race.get("race_date_nz")
    local = post_time.astimezone(ZoneInfo(visit.track.timezone)).date()
    same(nz_date or race["advertised_start"], day(nz_date) if nz_date is not None else local, visit.race_date)
    return post_time


def _utc(node: Json) -> datetime:
    try:
        return datetime.strptime(node.text(), "%Y-%m-%d %H:%M:%S +0000 UTC").replace(tzinfo=UTC)
    except ValueError as error:
        raise ParseError(f"{node.path}: {error}") from error


def _entries(runners: list[Json]) -> tuple[Entry, ...]:
    entries = tuple(_entry(runner) for runner in runners)
    if not entries:
        raise ParseError("data.runners: no runner")
    if len({entry.label for entry in entries}) != len(entries):
        raise ParseError("data.runners: a number that two runners bear")
    return entries


def _entry(runner: Json) -> Entry:
    label = str(number(runner))
    since = runner.get("scratch_time")
    horse_key = runner.get("horse_id")
    barrier = runner.get("barrier")
    return Entry(
        program_number=label,
        label=label,
        horse=runner["name"].text(),
        status=_entry_status(runner),
        jockey=runner.optional_text("jockey"),
        trainer=runner.optional_text("trainer_name"),
        post_position=str(barrier.whole()) if barrier is not None and barrier.whole() else None,
        horse_country=runner.optional_text("country"),
        horse_key=str(horse_key.whole()) if horse_key is not None and horse_key.whole() else None,
        scratched_at=from_seconds(since) if since is not None and since.whole() else None,
    )


def _entry_status(runner: Json) -> EntryStatus:
    scratched = runner["is_scratched"].truth()
    if runner.flag("is_late_scratched"):
        return "late_scratch"
    if scratched:
        return "scratched"
    return "ae" if runner.flag("is_emergency") else "active"
