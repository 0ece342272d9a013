"""pool_fell: money only comes into a pool, until a scratch refunds it.

Recorded at NYRA Bets: a win pool of 1,782,644 dollars that became 1,725,778 (3.2 %: a refund) and one of 3,495,109 that
became 3,493,608 (0.04 %: cancelled tickets). So a fall up to a thousandth, or up to one unit, is let pass; a larger one
needs a scratch since the board before. What is on offer at an exchange comes and goes, and is not looked at.
"""

from horses_scrapy import money
from horses_scrapy.checks import shown
from horses_scrapy.checks.context import Context, Earlier, Finding
from horses_scrapy.items import OddsItem, Pool

_OFFERS = frozenset({"win_back", "win_lay", "place_back", "place_lay"})


def pool_fell(board: OddsItem, context: Context) -> Finding | None:
    before = context.earlier
    if before is None or context.scratched_since or _gone(board, before):
        return None
    fallen = [pool for pool in board.pools if _fell(pool, before.totals.get(pool.bet_type))]
    if not fallen:
        return None
    least = ", ".join(f"{pool.bet_type} {money.shown(before.totals[pool.bet_type], pool.currency)}" for pool in fallen)
    found = ", ".join(f"{pool.bet_type} {money.shown(pool.amount, pool.currency)}" for pool in fallen)
    return Finding("pool_fell", f"at least {least} while nobody is scratched", found)


def _gone(board: OddsItem, before: Earlier) -> bool:
    """Whether a horse may be out since: told by the board, or by a price that is no longer there (NYRA tells it so)."""
    there = before.standing.get("win")
    lost = set() if there is None else {label for (label,) in there.cells} - shown.quoted(board, "win_tote").keys()
    return bool(lost or shown.scratched(board) - before.scratched)


def _fell(pool: Pool, before: int | None) -> bool:
    if before is None or pool.label is not None or pool.bet_type in _OFFERS:
        return False
    return before - pool.amount > max(before // 1000, money.minor_units(pool.currency))
