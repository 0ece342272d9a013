"""What an item should have told and what it told, by field. Pure.

Of the card: jockey, trainer and morning line of each horse that runs, the post time. Of a board: the win price of each
interest that runs, a win pool, the pair prices, the source's own time. A board counts once wagering has begun (open or closed, some
price shown) and the post is at most RIPE away: until then boards fill slowly, which says nothing about a selector.
"""

from collections import Counter
from datetime import datetime, timedelta

from horses_scrapy.items import Market, OddsItem, PairGrid, Price, RaceItem
from horses_scrapy.storage.fill_rates import Filled

RIPE = timedelta(minutes=30)
WIN_ODDS = "win_odds"
_WIN: tuple[Market, ...] = ("win_tote", "win_back", "win_last", "win_fixed")


def of_card(race: RaceItem) -> dict[str, Filled]:
    running = [entry for entry in race.entries if entry.status == "active"]
    return {
        "jockey": Filled(sum(entry.jockey is not None for entry in running), len(running)),
        "trainer": Filled(sum(entry.trainer is not None for entry in running), len(running)),
        "morning_line": Filled(sum(entry.morning_line is not None for entry in running), len(running)),
        "post_time": Filled(int(race.post_time is not None), 1),
    }


def of_board(board: OddsItem, post_time: datetime | None) -> dict[str, Filled]:
    """Nothing of a board that does not count. `post_time`: as the card tells it, if it does."""
    prices = _win_prices(board)
    priced = sum(price.price is not None for price in prices)
    if board.status not in {"open", "closed"} or not priced or not _ripe(board, post_time):
        return {}
    return {
        WIN_ODDS: Filled(priced, len(prices)),
        "pools": Filled(int(any(pool.bet_type == "win" and pool.label is None for pool in board.pools)), 1),
        "pair_prices": _pairs(board.grids, len(prices)),
        "source_time": Filled(int(board.source_time is not None), 1),
    }


def _ripe(board: OddsItem, post_time: datetime | None) -> bool:
    if board.minutes_to_post is not None:
        return timedelta(minutes=board.minutes_to_post) <= RIPE
    return post_time is None or post_time - board.fetched_at <= RIPE


def _win_prices(board: OddsItem) -> list[Price]:
    """Of the interests that run, in the first win market that the board has."""
    shown = Counter(price.market for price in board.prices)
    market = next((market for market in _WIN if shown[market]), None)
    return [price for price in board.prices if price.market == market and price.status != "scratched"]


def _pairs(grids: tuple[PairGrid, ...], runners: int) -> Filled:
    """Of all ordered pairs; of a quinella each pair once. A source that has both is held to the first."""
    quoted = grids[0] if grids else None
    ordered = runners * (runners - 1)
    total = ordered if quoted is None or quoted.bet_type == "exacta" else ordered // 2
    return Filled(0 if quoted is None else min(len(quoted.prices), total), total)
