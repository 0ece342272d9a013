"""A stored board as its source once yielded it, so that the live sanity checks can read it again."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal, cast

from sqlalchemy import Connection

from horses_scrapy.clock import from_ms
from horses_scrapy.items import OddsItem, PairGrid, PairPrice, Pool, PoolType, Price
from horses_scrapy.storage.board_reader import grid_at, pools_at, prices_at
from horses_scrapy.storage.board_view import GridView, PoolView
from horses_scrapy.storage.quality.facts import RaceFacts, Seen, SourceFacts

PairType = Literal["exacta", "quinella"]
_PAIRS: tuple[PairType, ...] = ("exacta", "quinella")


def as_item(connection: Connection, race: RaceFacts, of: SourceFacts, seen: Seen) -> OddsItem:
    """Without what no check of a single board reads: its URL and will-pays."""
    place = (connection, race.race_id, of.source_id)
    prices = prices_at(*place, seen.at)
    return OddsItem(
        track=race.track_key,
        race_date=date.fromisoformat(race.race_date),
        race_number=race.race_number,
        source=of.source,
        url="",
        fetched_at=from_ms(seen.at),
        status=seen.status,
        prices=tuple(
            Price(label=label, market=market, price=shown.price, status=shown.status)
            for (market, label), shown in prices.items()
        ),
        pools=tuple(_pools(pools_at(*place, seen.at))),
        grids=tuple(_grids({kind: grid_at(*place, kind, seen.at) for kind in _PAIRS})) if seen.pairs else (),
        flags=seen.flags,
    )


def _pools(views: Mapping[str, PoolView]) -> Iterator[Pool]:
    for bet_type, view in views.items():
        if view.total is not None:
            yield Pool(bet_type=cast(PoolType, bet_type), amount=view.total, currency=view.currency)


def _grids(views: Mapping[PairType, GridView | None]) -> Iterator[PairGrid]:
    for bet_type, view in views.items():
        if view is not None:
            yield PairGrid(
                bet_type=bet_type,
                base=view.base,
                currency=view.currency,
                fetched_at=from_ms(view.fetched_at),
                prices=tuple(
                    PairPrice(first=first, second=second, payout=payout)
                    for (first, second), payout in view.payouts.items()
                ),
                cap=view.cap,
            )
