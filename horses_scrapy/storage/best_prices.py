"""SQL for what every source asks for a win now, in races that are to come. Units as in schema.py."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, and_, bindparam, select

from horses_scrapy.items import EntryStatus, Market, Notation, PriceStatus, RaceStatus
from horses_scrapy.storage.schema import betting_interest, board, entry, horse, latest_odds, race, race_source
from horses_scrapy.storage.schema import source as source_table

MARKETS: tuple[Market, ...] = ("win_tote", "win_fixed", "win_back", "win_lay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A price on a source's newest board that showed it, with what is said of that board."""

    race_id: int
    label: str
    source: str
    source_id: int
    notation: Notation
    market: Market
    price: int | None
    status: PriceStatus
    fetched_at: int
    source_time: int | None
    board_status: RaceStatus
    flags: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A horse on the card."""

    race_id: int
    label: str
    horse: str
    status: EntryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """A source that shows a race, and what it says of it."""

    race_id: int
    source: str
    status: RaceStatus


def prices_asked(connection: Connection, first: date, last: date) -> list[Asked]:
    """Of races of these dates at the track that no primary source has off. What is shown no more is left out."""
    rows = connection.execute(_ASKED, _dates(first, last)).mappings()
    return [Asked(**{**row, "flags": frozenset(row["flags"].split(",")) - {""}}) for row in rows]


def sources_showing(connection: Connection, first: date, last: date) -> list[Showing]:
    return [Showing(**row) for row in connection.execute(_SHOWING, _dates(first, last)).mappings()]


def horses_listed(connection: Connection, race_ids: Iterable[int]) -> list[Listed]:
    rows = connection.execute(_LISTED, {"of_races": sorted(race_ids)}).mappings()
    return [Listed(**row) for row in rows]


def _dates(first: date, last: date) -> dict[str, str]:
    return {"first": first.isoformat(), "last": last.isoformat()}


# Built once: that costs more than running them.
_TO_COME = (
    race.c.race_date.between(bindparam("first"), bindparam("last")),
    race.c.status.in_(("scheduled", "open")),
    race.c.off_at.is_(None),
)
_ASKED = (
    select(
        race.c.race_id,
        betting_interest.c.label,
        source_table.c.name.label("source"),
        source_table.c.source_id,
        source_table.c.notation,
        latest_odds.c.market,
        latest_odds.c.price,
        latest_odds.c.status,
        board.c.fetched_at,
        board.c.source_time,
        board.c.status.label("board_status"),
        board.c.flags,
    )
    .join(betting_interest, betting_interest.c.race_id == race.c.race_id)
    .join(latest_odds, latest_odds.c.interest_id == betting_interest.c.interest_id)
    .join(source_table, source_table.c.source_id == latest_odds.c.source_id)
    .join(
        board,
        and_(
            board.c.race_id == race.c.race_id,
            board.c.source_id == latest_odds.c.source_id,
            board.c.fetched_at == latest_odds.c.seen_at,
        ),
    )
    .where(*_TO_COME, latest_odds.c.market.in_(MARKETS), latest_odds.c.status != "missing")
)
_SHOWING = (
    select(race.c.race_id, source_table.c.name.label("source"), race_source.c.status)
    .join(race_source, race_source.c.race_id == race.c.race_id)
    .join(source_table, source_table.c.source_id == race_source.c.source_id)
    .where(*_TO_COME)
)
_LISTED = (
    select(entry.c.race_id, betting_interest.c.label, horse.c.name.label("horse"), entry.c.status)
    .join(betting_interest, betting_interest.c.interest_id == entry.c.interest_id)
    .join(horse, horse.c.horse_id == entry.c.horse_id)
    .where(entry.c.race_id.in_(bindparam("of_races", expanding=True)))
)
