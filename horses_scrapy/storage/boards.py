"""store_board: one source's board of one race at one instant."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, func, select

from horses_scrapy.clock import to_ms
from horses_scrapy.config import Track
from horses_scrapy.errors import StoreError
from horses_scrapy.items import OddsItem
from horses_scrapy.storage import chain, grids, identity, pools, prices, races, will_pays
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.chain import Place
from horses_scrapy.storage.races import RaceKey
from horses_scrapy.storage.schema import board

LATE = "late"

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBoard:
    """`new` is False where the board was stored before; `late` where a newer one of its race and source was."""

    board_id: int
    race_id: int
    new: bool
    late: bool
    prices_seen: int
    prices_stored: int


def store_board(
    connection: Connection, item: OddsItem, track: Track, *, run_id: int | None, now_ms: int
) -> StoredBoard:
    """Store the board and what differs from the one before it. The same board again changes nothing.

    For any order of arrival the stored history and latest_odds are equal. A late board is never evaluated.
    """
    sighting = races.sighting_of(item, run_id, now_ms)
    key = races.resolve(connection, item, track, sighting)
    following = _next(connection, key, to_ms(item.fetched_at))
    if following is not None and following.fetched_at == to_ms(item.fetched_at):
        return _stored_before(connection, key, item, following)
    item = _thinned(connection, key, item, track.pair_prices)
    place = _insert(connection, key, item, following, run_id, now_ms)
    late = place.next_id is not None
    stored = _store_shown(connection, place, item)
    if late:
        races.note_instants(connection, key, item.status, sighting)
    else:
        races.set_status(connection, key, item.status, sighting)
    return StoredBoard(
        board_id=place.board_id,
        race_id=key.race_id,
        new=True,
        late=late,
        prices_seen=len(item.prices),
        prices_stored=stored,
    )


def _thinned(connection: Connection, key: RaceKey, item: OddsItem, every: int) -> OddsItem:
    """Without its pair prices, unless they are of every nth board in the order of arrival."""
    if every == 1 or not item.grids:
        return item
    own = (board.c.race_id == key.race_id, board.c.source_id == key.source_id)
    if every and not (connection.scalar(select(func.count()).select_from(board).where(*own)) or 0) % every:
        return item
    return replace(item, grids=())


def _next(connection: Connection, key: RaceKey, at: int) -> Any:
    """The first board at or after an instant: the very one, or that which the new one comes before; None: neither."""
    asked = {"of_race": key.race_id, "of_source": key.source_id, "at": at}
    return connection.execute(_NEXT, asked).one_or_none()


def _stored_before(connection: Connection, key: RaceKey, item: OddsItem, row: Any) -> StoredBoard:
    own = prices.of_board(row.board_id, key.race_id)
    return StoredBoard(
        board_id=row.board_id,
        race_id=key.race_id,
        new=False,
        late=LATE in row.flags.split(","),
        prices_seen=len(item.prices),
        prices_stored=len(connection.execute(own).all()),
    )


def _insert(
    connection: Connection, key: RaceKey, item: OddsItem, following: Any, run_id: int | None, now_ms: int
) -> Place:
    at = to_ms(item.fetched_at)
    flags = item.flags if following is None else item.flags | {LATE}
    board_id = identity.inserted(
        connection,
        board,
        race_id=key.race_id,
        source_id=key.source_id,
        fetched_at=at,
        source_time=None if item.source_time is None else to_ms(item.source_time),
        status=item.status,
        minutes_to_post=item.minutes_to_post,
        mtp_text=item.mtp_text,
        run_id=run_id,
        flags=",".join(sorted(flags)),
        grids=grids.marks(item),
        evaluated_at=None if following is None else now_ms,
    )
    place = Place(key.race_id, key.source_id, board_id, at)
    if following is None:
        return place
    return Place(key.race_id, key.source_id, board_id, at, following.board_id, following.fetched_at)


def _store_shown(connection: Connection, place: Place, item: OddsItem) -> int:
    """The number of price changes."""
    interests = identity.interest_ids(connection, place.race_id, _labels(item))
    amounts = pools.snapshot(connection, place, _amounts(item, interests))
    chain.add(pools.PoolLedger(connection, place), place, amounts)
    grids.add(connection, place, item, interests)
    chain.add(will_pays.WillPayLedger(connection, place), place, will_pays.shown(item))
    return chain.add(prices.PriceLedger(connection, place), place, _prices(item, interests))


def _prices(item: OddsItem, interests: Mapping[str, int]) -> dict[prices.Key, Shown]:
    return _distinct(item, (((interests[one.label], one.market), Shown(one.price, one.status)) for one in item.prices))


def _amounts(item: OddsItem, interests: Mapping[str, int]) -> dict[pools.Identity, int]:
    shown: list[tuple[pools.Identity, int]] = [
        ((one.bet_type, None if one.label is None else interests[one.label], one.currency), one.amount)
        for one in item.pools
    ]
    return _distinct(item, shown)


def _labels(item: OddsItem) -> Iterable[str]:
    yield from (price.label for price in item.prices)
    yield from (pool.label for pool in item.pools if pool.label is not None)
    for grid in grids.quoted(item):
        for cell in grid.prices:
            yield from (cell.first, cell.second)


def _distinct(item: OddsItem, pairs: Iterable[tuple[K, V]]) -> dict[K, V]:
    """As a dictionary; a board that shows two values in one place is refused, not guessed at."""
    found: dict[K, V] = {}
    for key, value in pairs:
        if found.setdefault(key, value) != value:
            raise StoreError(
                f"{item.track} {item.race_date} R{item.race_number}: {key} is shown twice: {found[key]}, {value}: {item.url}"
            )
    return found


# Built once: that costs more than running it.
_NEXT = (
    select(board.c.board_id, board.c.fetched_at, board.c.flags)
    .where(
        board.c.race_id == bindparam("of_race"),
        board.c.source_id == bindparam("of_source"),
        board.c.fetched_at >= bindparam("at"),
    )
    .order_by(board.c.fetched_at)
    .limit(1)
)
