"""Prices of one race and source: price_change and latest_odds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, tuple_, update

from horses_scrapy.items import Market
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.chain import Place, newest_at
from horses_scrapy.storage.schema import betting_interest, board, latest_odds, price_change

Key = tuple[int, Market]
"""Interest and market."""

MISSING = Shown(None, "missing")


def newest(connection: Connection, race_id: int, source_id: int) -> dict[Key, Shown]:
    rows = connection.execute(_NEWEST, {"of_race": race_id, "of_source": source_id})
    return {(row.interest_id, row.market): Shown(row.price, row.status) for row in rows}


def as_of(connection: Connection, race_id: int, source_id: int, at: int) -> dict[Key, Shown]:
    """What stood on the board at an instant; interests that were never shown until then are absent."""
    rows = _newest_changes(connection, race_id, source_id, at)
    return {(row.interest_id, row.market): Shown(row.price, row.status) for row in rows}


def of_board(board_id: int, race_id: int) -> Select[int, str]:
    """The keys that a board changed. By way of the race's interests: on SQLite nothing leads from a board to its prices."""
    return (
        select(price_change.c.interest_id, price_change.c.market)
        .join(betting_interest, betting_interest.c.interest_id == price_change.c.interest_id)
        .where(betting_interest.c.race_id == race_id, price_change.c.board_id == board_id)
    )


def _newest_changes(connection: Connection, race_id: int, source_id: int, at: int | None = None) -> list[Any]:
    by_key = (price_change.c.interest_id, price_change.c.market)
    rank = func.row_number().over(partition_by=by_key, order_by=board.c.fetched_at.desc()).label("rank")
    ranked = (
        select(price_change, board.c.fetched_at, rank)
        .join(betting_interest, betting_interest.c.interest_id == price_change.c.interest_id)
        .join(board, board.c.board_id == price_change.c.board_id)
        .where(betting_interest.c.race_id == race_id, board.c.source_id == source_id)
    )
    if at is not None:
        ranked = ranked.where(board.c.fetched_at <= at)
    inner = ranked.subquery()
    return list(connection.execute(select(inner).where(inner.c.rank == 1)))


@dataclass(frozen=True, slots=True)
class PriceLedger:
    connection: Connection
    place: Place
    gone: Shown = MISSING

    def newest(self) -> dict[Key, Shown]:
        return newest(self.connection, self.place.race_id, self.place.source_id)

    def as_of(self, at: int) -> dict[Key, Shown]:
        return as_of(self.connection, self.place.race_id, self.place.source_id, at)

    def insert(self, board_id: int, moved: Mapping[Key, Shown]) -> None:
        rows = [
            {
                "interest_id": interest,
                "market": market,
                "board_id": board_id,
                "price": shown.price,
                "status": shown.status,
            }
            for (interest, market), shown in moved.items()
        ]
        if rows:
            self.connection.execute(_INSERT, rows)

    def remove(self, board_id: int) -> set[Key]:
        rows = self.connection.execute(of_board(board_id, self.place.race_id)).all()
        keys: set[Key] = {(row.interest_id, row.market) for row in rows}
        if keys:
            key = tuple_(price_change.c.interest_id, price_change.c.market)
            own = delete(price_change).where(key.in_(sorted(keys)), price_change.c.board_id == board_id)
            self.connection.execute(own)
        return keys

    def advance(self, before: Mapping[Key, Shown], moved: Mapping[Key, Shown], /) -> None:
        self._replace(before, moved)
        place = self.place
        shown = {"of_race": place.race_id, "of_source": place.source_id, "seen_at": place.fetched_at}
        self.connection.execute(_SEEN, shown)

    def _replace(self, known: Mapping[Key, Shown], moved: Mapping[Key, Shown]) -> None:
        """A price that is gone keeps its seen_at: the last board that showed it."""
        fresh = [self._row(key, shown) for key, shown in moved.items() if key not in known]
        changed = [self._row(key, shown, "of_") for key, shown in moved.items() if key in known]
        if fresh:
            self.connection.execute(_FRESH, fresh)
        if changed:
            self.connection.execute(_UPDATE, changed)

    def _row(self, key: Key, shown: Shown, prefix: str = "") -> dict[str, Any]:
        at = self.place.fetched_at
        row: dict[str, Any] = {f"{prefix}interest_id": key[0], f"{prefix}source_id": self.place.source_id}
        row |= {f"{prefix}market": key[1], "price": shown.price, "status": shown.status, "changed_at": at}
        return row if prefix else row | {"seen_at": at}

    def refresh(self, keys: Iterable[Key]) -> None:
        wanted = set(keys)
        if not wanted:
            return
        race_id, source_id = self.place.race_id, self.place.source_id
        newest = newest_at(self.connection, race_id, source_id)
        rows = [
            {
                "interest_id": row.interest_id,
                "source_id": source_id,
                "market": row.market,
                "price": row.price,
                "status": row.status,
                "changed_at": row.fetched_at,
                "seen_at": newest if row.status != "missing" else self._last_shown(row.fetched_at),
            }
            for row in _newest_changes(self.connection, race_id, source_id)
            if (row.interest_id, row.market) in wanted
        ]
        own = tuple_(latest_odds.c.interest_id, latest_odds.c.market).in_(sorted(wanted))
        self.connection.execute(delete(latest_odds).where(own, latest_odds.c.source_id == source_id))
        self.connection.execute(insert(latest_odds), rows)

    def _last_shown(self, gone_at: int) -> int | None:
        return newest_at(self.connection, self.place.race_id, self.place.source_id, before=gone_at)


# Statements of every board are built once: that costs more than running them.
_NEWEST = (
    select(latest_odds)
    .join(betting_interest, betting_interest.c.interest_id == latest_odds.c.interest_id)
    .where(betting_interest.c.race_id == bindparam("of_race"), latest_odds.c.source_id == bindparam("of_source"))
)
_INSERT = insert(price_change)
_FRESH = insert(latest_odds)
_SEEN = (
    update(latest_odds)
    .where(
        latest_odds.c.interest_id.in_(
            select(betting_interest.c.interest_id).where(betting_interest.c.race_id == bindparam("of_race"))
        ),
        latest_odds.c.source_id == bindparam("of_source"),
        latest_odds.c.status != "missing",
    )
    .values(seen_at=bindparam("seen_at"))
)
_UPDATE = (
    update(latest_odds)
    .where(
        latest_odds.c.interest_id == bindparam("of_interest_id"),
        latest_odds.c.source_id == bindparam("of_source_id"),
        latest_odds.c.market == bindparam("of_market"),
    )
    .values(price=bindparam("price"), status=bindparam("status"), changed_at=bindparam("changed_at"))
)
