"""Numbers as messages show them."""

from alerts.amounts import HUNDREDTHS
from horses_scrapy import money
from horses_scrapy.items import Notation
from horses_scrapy.odds import LADDER, profit_per_1, show
from horses_scrapy.storage.board_view import BoardView


def show_level(price: int, notation: Notation) -> str:
    """A threshold in a source's notation; one between two rungs of a board as profit per 1, for no board shows it."""
    if notation == "decimal" or price in LADDER:
        return show(price, notation)
    return f"{profit_per_1(price):g}"


def units(hundredths: int, currency: str) -> str:
    """A rule's amount with the digits that the currency has, cut off: `1,234.50`, in yen `1,234`."""
    return money.figure(hundredths * money.minor_units(currency) // HUNDREDTHS, currency)


def whole(hundredths: int) -> str:
    """As a rule file writes it: `2`, `1,500.50`."""
    units, rest = divmod(hundredths, HUNDREDTHS)
    return f"{units:,}.{rest:02d}".removesuffix(".00")


def percent(thousandths: int) -> str:
    """Cut off after a digit, as no threshold is reached by rounding: `29.9%`."""
    return f"{points(thousandths)}%"


def points(thousandths: int) -> str:
    return f"{int(thousandths / 100) / 10:.1f}"


def pool_total(board: BoardView, bet_type: str) -> str | None:
    """`5,000.00 USD (win)`."""
    pool = board.pools.get(bet_type)
    return None if pool is None or pool.total is None else f"{money.shown(pool.total, pool.currency)} ({bet_type})"


def chance(before: int | None, now: int) -> str:
    """Of prices, as 100/decimal, not normalised for takeout: `14.3 -> 25.0 (+10.7)`."""
    if before is None:
        return f"{100_000 / now:.1f}"
    gained = (before - now) * 100_000_000 // (now * before) / 1000
    return f"{100_000 / before:.1f} -> {100_000 / now:.1f} ({gained:+.1f})"
