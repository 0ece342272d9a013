"""One race for one answer: what its parts read, each read once, and the newest board put together from that."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cached_property
from typing import TypeVar, cast

from sqlalchemy import Connection

from horses_scrapy.items import Market, PoolType
from horses_scrapy.storage import pools
from horses_scrapy.storage.board_reader import (
    Card,
    Spot,
    board_view,
    card_of,
    grid,
    pool_views,
    prices_at,
    sound_grids,
)
from horses_scrapy.storage.board_view import BoardView, GridView, PoolView, RaceView, Shown
from horses_scrapy.storage.pool_paths import PoolPath, pool_path
from horses_scrapy.storage.price_paths import Changed, Step, changes, steps_on
from horses_scrapy.storage.queries import LatestPrice, latest_odds
from horses_scrapy.storage.race_boards import Stored, Teller, newest_board_id, tellers, trail
from horses_scrapy.storage.race_list import ListedRace

Found = TypeVar("Found")


class StoredRace:
    """Not for threads, and for no longer than its connection's snapshot."""

    def __init__(self, connection: Connection, race: ListedRace) -> None:
        self.connection = connection
        self.race = race
        self.race_id = race.race_id
        self._read: dict[Hashable, object] = {}

    @cached_property
    def tellers(self) -> list[Teller]:
        return tellers(self.connection, self.race_id)

    @cached_property
    def card(self) -> Card:
        return card_of(self.connection, self.race_id)

    @cached_property
    def latest(self) -> list[LatestPrice]:
        return latest_odds(self.connection, self.race_id)

    def steps(self, source_id: int, market: Market) -> Mapping[str, Sequence[Step]]:
        """By label, the way of its price."""
        boards = {one.board_id: (source_id, one.at) for one in self._trail(source_id)}
        found = steps_on(boards, self._changes(market))
        return {self.card.labels[interest]: path for (_, interest), path in found.items()}

    def pool_path(self, source_id: int, bet_type: PoolType, *, priced: bool = False) -> PoolPath:
        """priced: with the tote's win prices of each board."""
        changed = self._changes("win_tote") if priced else ()
        return pool_path(self._trail(source_id), self._identities(source_id), self.card.labels, bet_type, changed)

    def newest(self, teller: Teller) -> BoardView | None:
        """A source's newest board as board_view has it; pair prices whatever the flags of the boards that showed them."""
        return self._once(("newest", teller.source_id), lambda: self._newest(teller))

    def sound(self, teller: Teller, at_ms: int, harmless: AbstractSet[str]) -> BoardView | None:
        """A source's newest board at or before an instant, as board_view has it: its pair prices of boards with no other flags."""
        newest = self.newest(teller)
        if newest is not None and newest.fetched_at <= at_ms:
            return replace(newest, grids=self._sound_grids(teller.source_id, newest.fetched_at, harmless))
        board_id = newest_board_id(self.connection, self.race_id, teller.source_id, at_ms)
        return None if board_id is None else board_view(self.connection, board_id, harmless)

    def prices(self, teller: Teller, at_ms: int) -> Mapping[tuple[Market, str], Shown]:
        """As prices_at has them."""
        if teller.board is not None and teller.board.fetched_at <= at_ms:
            return self._newest_prices(teller)
        return prices_at(self.connection, self.race_id, teller.source_id, at_ms)

    def _newest(self, teller: Teller) -> BoardView | None:
        board = teller.board
        if board is None:
            return None
        return BoardView(
            board_id=board.board_id,
            race=_race_view(self.race, teller.url),
            source=teller.source,
            is_primary=teller.is_primary,
            fetched_at=board.fetched_at,
            source_time=board.source_time,
            status=board.status,
            minutes_to_post=board.minutes_to_post,
            flags=frozenset(board.flags),
            evaluated_at=board.evaluated_at,
            runners=self.card.runners,
            prices=self._newest_prices(teller),
            pools=self._pools(teller.source_id),
            grids=self._grids(self._spot(teller.source_id, board.fetched_at)),
        )

    def _newest_prices(self, teller: Teller) -> dict[tuple[Market, str], Shown]:
        own = (one for one in self.latest if one.source == teller.source.name)
        return {(one.market, one.label): Shown(one.price, one.status) for one in own}

    def _pools(self, source_id: int) -> dict[str, PoolView]:
        text = next((one.amounts for one in reversed(self._trail(source_id)) if one.amounts is not None), None)
        amounts = () if text is None else pools.parsed(text)
        return pool_views(pools.named(self._identities(source_id), amounts), self.card.labels)

    def _grids(self, spot: Spot) -> dict[str, GridView]:
        kinds = {one for board in self._trail(spot.source_id) if board.changed for one in board.changed.split(",")}
        views = {bet_type: self._grid(spot, bet_type, spot.at) for bet_type in sorted(kinds)}
        return {bet_type: view for bet_type, view in views.items() if view is not None}

    def _sound_grids(self, source_id: int, at: int, harmless: AbstractSet[str]) -> dict[str, GridView]:
        marked = ((one.at, one.flags, one.grids) for one in reversed(self._trail(source_id)) if one.grids)
        spot = self._spot(source_id, at)
        return sound_grids(marked, harmless, lambda bet_type, board_at: self._grid(spot, bet_type, board_at))

    def _spot(self, source_id: int, at: int) -> Spot:
        return Spot(self.race_id, source_id, at, self.card.labels)

    def _grid(self, spot: Spot, bet_type: str, at: int) -> GridView | None:
        return self._once((spot.source_id, bet_type, at), lambda: grid(self.connection, spot, bet_type, at))

    def _trail(self, source_id: int) -> list[Stored]:
        return self._once(("trail", source_id), lambda: trail(self.connection, self.race_id, source_id))

    def _identities(self, source_id: int) -> list[pools.Identity]:
        return self._once(("pools", source_id), lambda: pools.identities(self.connection, self.race_id, source_id))

    def _changes(self, market: Market) -> Sequence[Changed]:
        return self._once(("changes", market), lambda: changes(self.connection, self.race_id, market))

    def _once(self, what: Hashable, work: Callable[[], Found]) -> Found:
        if what not in self._read:
            self._read[what] = work()
        return cast("Found", self._read[what])


def _race_view(race: ListedRace, url: str) -> RaceView:
    return RaceView(
        race_id=race.race_id,
        track_key=race.track_key,
        track_code=race.track_code,
        track_name=race.track_name,
        timezone=race.timezone,
        race_date=race.race_date,
        race_number=race.race_number,
        post_time=race.post_time,
        url=url,
    )
