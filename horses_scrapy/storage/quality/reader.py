"""Everything that the checks ask of the races of a day, in a fixed number of statements and some for each race."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Select

from horses_scrapy.items import Source
from horses_scrapy.storage.quality import boards, cards
from horses_scrapy.storage.quality.board_item import as_item
from horses_scrapy.storage.quality.boards import Bounds
from horses_scrapy.storage.quality.facts import Crawl, RaceFacts, Seen, SourceFacts
from horses_scrapy.storage.quality.window import Window, race_ids

BEFORE_THE_OFF = frozenset({"scheduled", "open"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """sound: whether a board's prices are to be believed. crawl_ms: how long before and after the off runs matter."""

    bounds: Mapping[str, Bounds]
    sound: Callable[[Seen], bool]
    crawl_ms: int


def read_races(connection: Connection, window: Window, ask: Ask) -> list[RaceFacts]:
    """By track and number. All of a window at once: hand it one day."""
    ids = race_ids(window)
    found = _cards(connection, ids, _sources(connection, ids, ask))
    crawls = _crawls(connection, found, ask.crawl_ms)
    return [_with_last(connection, replace(race, crawls=crawls[race.race_id]), ask) for race in found]


def _cards(connection: Connection, ids: Select[tuple[int]], known: Mapping[int, list[SourceFacts]]) -> list[RaceFacts]:
    entries, labels = cards.entries(connection, ids), cards.labels(connection, ids)
    scratches = cards.scratches(connection, ids)
    return [
        RaceFacts(
            race_id=row.race_id,
            track_key=row.key,
            track_code=row.code or row.key.upper(),
            timezone=row.timezone,
            race_date=row.race_date,
            race_number=row.race_number,
            post_time=row.post_time,
            status=row.status,
            off_at=row.off_at,
            created_at=row.created_at,
            sources=tuple(known.get(row.race_id, ())),
            entries=entries.get(row.race_id, ()),
            labels=frozenset(labels.get(row.race_id, ())),
            scratches=tuple(scratches.get(row.race_id, ())),
        )
        for row in cards.races(connection, ids)
    ]


def _sources(connection: Connection, ids: Select[tuple[int]], ask: Ask) -> dict[int, list[SourceFacts]]:
    seen, totals = boards.boards(connection, ids), boards.totals(connection, ids)
    currencies, quoted = boards.currencies(connection, ids), boards.quoted(connection, ids)
    odd, gone = boards.odd_prices(connection, ids, ask.bounds), boards.gone(connection, ids)
    found: dict[int, list[SourceFacts]] = defaultdict(list)
    for row in boards.sources(connection, ids):
        key = (row.race_id, row.source_id)
        one = SourceFacts(
            source=Source(row.name, row.notation, row.basis),
            source_id=row.source_id,
            is_primary=bool(row.is_primary),
            boards=tuple(seen.get(key, ())),
            odd_prices=tuple(odd.get(key, ())),
            totals=tuple(totals.get(key, ())),
            currencies=currencies.get(key, {}),
            gone=tuple(gone.get(key, ())),
            quoted=frozenset(quoted.get(key, ())),
        )
        found[row.race_id].append(one)
    return found


def _crawls(connection: Connection, races: Sequence[RaceFacts], around_ms: int) -> dict[int, tuple[Crawl, ...]]:
    """By race: the runs of its track that began around its off."""
    offs = [race.off for race in races if race.off is not None]
    if not offs:
        return {race.race_id: () for race in races}
    keys = {race.track_key for race in races}
    runs = cards.crawls(connection, keys, min(offs) - around_ms, max(offs) + around_ms)
    return {race.race_id: _around(race.off, runs.get(race.track_key, ()), around_ms) for race in races}


def _around(off: int | None, runs: Sequence[Crawl], around_ms: int) -> tuple[Crawl, ...]:
    return () if off is None else tuple(run for run in runs if abs(run.started_at - off) <= around_ms)


def _with_last(connection: Connection, race: RaceFacts, ask: Ask) -> RaceFacts:
    return replace(race, sources=tuple(_last_of(connection, race, one, ask) for one in race.sources))


def _last_of(connection: Connection, race: RaceFacts, of: SourceFacts, ask: Ask) -> SourceFacts:
    sound = [seen for seen in of.boards if seen.status in BEFORE_THE_OFF and ask.sound(seen)]
    if not sound:
        return of
    last = as_item(connection, race, of, sound[-1])
    pairs = next((seen for seen in reversed(sound) if seen.pairs), None)
    if pairs is None or pairs is sound[-1]:
        return replace(of, last=last, last_pairs=None if pairs is None else last)
    return replace(of, last=last, last_pairs=as_item(connection, race, of, pairs))
