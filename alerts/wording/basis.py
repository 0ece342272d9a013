"""Where a price comes from, in a sentence: the display, the pool, or no pool at all."""

from collections.abc import Mapping
from types import MappingProxyType

from horses_scrapy import money
from horses_scrapy.items import Market
from horses_scrapy.odds import LADDER, display_range, show
from horses_scrapy.storage.board_view import BoardView

EXCHANGE = "an exchange's price, no pool's"
NOT_THE_POOL: Mapping[Market, str] = MappingProxyType(
    {
        "win_fixed": "a fixed price, no pool's",
        "place_low": "the least that the place pool may pay",
        "place_high": "the most that the place pool may pay",
        "win_back": EXCHANGE,
        "win_lay": EXCHANGE,
        "win_last": EXCHANGE,
        "place_back": EXCHANGE,
        "place_lay": EXCHANGE,
        "place_last": EXCHANGE,
    }
)


def meaning(board: BoardView, market: Market, price: int, *, capped: bool = False) -> str:
    """`3-1 is the floor of a range: 2 USD pay 8.00 to under 9.00`; of a pool's own price `3.00 is exact by the pool`."""
    shown = show(price, board.source.notation) + ("+" if capped else "")
    told = NOT_THE_POOL.get(market)
    if told is not None:
        return f"{shown} is {told}"
    if board.source.basis == "pool":
        return f"{shown} is exact by the pool"
    floor = f"{shown} is the floor of a range"
    pool = board.pools.get("win")
    if pool is None or board.source.notation != "board":
        return floor
    return f"{floor}: {paid(price, pool.currency)}"


def paid(price: int, currency: str) -> str:
    """What a usual bet pays that a board shows at this rung; how finely a track breaks payoffs does not matter here."""
    bet = 2 if money.digits(currency) else 100
    low, top = display_range(price)
    at_least, under = (None if end is None else _returned(bet, end, currency) for end in (low, top))
    if under is None:
        return f"{bet} {currency} pay {at_least} or more"
    if low == LADDER[0]:
        return f"{bet} {currency} pay under {under}"
    return f"{bet} {currency} pay {at_least} to under {under}"


def _returned(bet: int, price: int, currency: str) -> str:
    return money.figure(bet * money.minor_units(currency) * price // 1000, currency)
