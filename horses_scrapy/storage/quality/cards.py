"""Races of a window, their entries, interests and scratches, and the crawls of their tracks."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, select

from horses_scrapy.items import OUT, Market
from horses_scrapy.storage.quality.facts import Crawl, EntryFacts
from horses_scrapy.storage.schema import betting_interest, change, crawl_run, entry, horse, price_change, race, track

WIN_MARKETS: tuple[Market, ...] = ("win_tote", "win_fixed", "win_back", "win_lay", "win_last")


def races(connection: Connection, ids: Select[tuple[int]]) -> list[Row[*tuple[Any, ...]]]:
    """With key, code and timezone of their tracks."""
    query = (
        select(race, track.c.key, track.c.code, track.c.timezone)
        .join(track, track.c.track_id == race.c.track_id)
        .where(race.c.race_id.in_(ids))
    )
    return list(connection.execute(query.order_by(track.c.key, race.c.race_number)))


def entries(connection: Connection, ids: Select[tuple[int]]) -> dict[int, tuple[EntryFacts, ...]]:
    """By race."""
    priced = exists().where(
        price_change.c.interest_id == entry.c.interest_id,
        price_change.c.market.in_(WIN_MARKETS),
        price_change.c.price.is_not(None),
    )
    rows = connection.execute(
        select(entry, betting_interest.c.label, horse.c.name, priced.label("priced"))
        .join(betting_interest, betting_interest.c.interest_id == entry.c.interest_id)
        .join(horse, horse.c.horse_id == entry.c.horse_id)
        .where(entry.c.race_id.in_(ids))
        .order_by(entry.c.entry_id)
    )
    found: dict[int, list[EntryFacts]] = defaultdict(list)
    for row in rows:
        found[row.race_id].append(_entry(row))
    return {race_id: tuple(one) for race_id, one in found.items()}


def _entry(row: Any) -> EntryFacts:
    return EntryFacts(
        program_number=row.program_number,
        label=row.label,
        interest_id=row.interest_id,
        horse=row.name,
        status=row.status,
        priced=bool(row.priced),
    )


def labels(connection: Connection, ids: Select[tuple[int]]) -> dict[int, set[str]]:
    """Of all betting interests, by race."""
    query = select(betting_interest.c.race_id, betting_interest.c.label).where(betting_interest.c.race_id.in_(ids))
    found: dict[int, set[str]] = defaultdict(set)
    for race_id, label in connection.execute(query):
        found[race_id].add(label)
    return found


def scratches(connection: Connection, ids: Select[tuple[int]]) -> dict[int, list[int]]:
    """When cards took horses out, by race."""
    query = select(change.c.race_id, change.c.at).where(
        change.c.race_id.in_(ids),
        change.c.field == "status",
        change.c.entry_id.is_not(None),
        change.c.new.in_(sorted(OUT)),
    )
    found: dict[int, list[int]] = defaultdict(list)
    for race_id, at in connection.execute(query):
        found[race_id].append(at)
    return found


def crawls(connection: Connection, tracks: Collection[str], since: int, until: int) -> dict[str, list[Crawl]]:
    """Runs that began between two instants, by key of their track, by time."""
    query = select(crawl_run.c.track, crawl_run.c.started_at, crawl_run.c.outcome).where(
        crawl_run.c.track.in_(sorted(tracks)), crawl_run.c.started_at.between(since, until)
    )
    found: dict[str, list[Crawl]] = defaultdict(list)
    for key, started_at, outcome in connection.execute(query.order_by(crawl_run.c.started_at)):
        found[key].append(Crawl(started_at, outcome))
    return found
