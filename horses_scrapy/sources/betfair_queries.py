"""What Betfair's betting API is asked. Imported where it is used: betfairlightweight takes a third of a second to load.

An answer may weigh 200 points: a market of listMarketCatalogue 1 for its description and 1 for its runners' metadata, one of
listMarketBook 5 for its best offers.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from betfairlightweight import filters  # type: ignore[import-untyped]

from horses_scrapy.config import Track
from horses_scrapy.sources.betfair_card import HORSE_RACING, KINDS, Race
from horses_scrapy.sources.betfair_rpc import call

POINTS = 200
MARKETS_LISTED = POINTS // 2
BOOKS = POINTS // 5


def catalogue(track: Track, race_date: date) -> dict[str, Any]:
    """The track's WIN and PLACE markets of a day at the track."""
    begins, ends = (_midnight(track, day) for day in (race_date, race_date + timedelta(days=1)))
    wanted = filters.market_filter(
        event_type_ids=[HORSE_RACING],
        venues=[track.source_key],
        market_countries=[track.country],
        market_type_codes=list(KINDS),
        market_start_time=filters.time_range(from_=begins, to=ends),
    )
    projection = [
        "EVENT",
        "EVENT_TYPE",
        "MARKET_START_TIME",
        "MARKET_DESCRIPTION",
        "RUNNER_DESCRIPTION",
        "RUNNER_METADATA",
    ]
    return call(
        "listMarketCatalogue",
        {"filter": wanted, "marketProjection": projection, "sort": "FIRST_TO_START", "maxResults": MARKETS_LISTED},
    )


def books(market_ids: Iterable[str], currency: str) -> dict[str, Any]:
    """The best offer alone, with those that cross-matching makes, as the site shows them.

    One level: where it is lost, nothing of the next one can pass for the best.
    """
    prices = filters.price_projection(
        price_data=filters.price_data(ex_best_offers=True),
        ex_best_offers_overrides=filters.ex_best_offers_overrides(best_prices_depth=1),
        virtualise=True,
    )
    return call("listMarketBook", {"marketIds": list(market_ids), "priceProjection": prices, "currencyCode": currency})


def batches(races: Iterable[Race]) -> Iterator[tuple[Race, ...]]:
    """Races by as few requests as the weight limit allows, a race's markets together."""
    batch: list[Race] = []
    for race in races:
        if sum(len(other.markets) for other in batch) + len(race.markets) > BOOKS:
            yield tuple(batch)
            batch = []
        batch.append(race)
    if batch:
        yield tuple(batch)


def _midnight(track: Track, day: date) -> str:
    local = datetime.combine(day, time(), ZoneInfo(track.timezone))
    return f"{local.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
