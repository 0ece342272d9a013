"""frozen: the pool grew and the prices stood still. What is shown then is not what the pool pays.

Recorded at NYRA Bets: exacta probables of 342 pairs, 1-6 at 31.03 in each, from two days before the race until the day
after it, while their pool grew from 315,087 to 2,214,134 dollars. Totals are compared with those at which the present
prices were first shown, so that a slow pool is found out as well as a quick one.

Cents move with nearly every bet, rungs do not: win prices of a board that prints rungs have until the pool doubled.
"""

from horses_scrapy.checks import shown
from horses_scrapy.checks.context import Context, Finding, Standing
from horses_scrapy.items import OddsItem

CENTS = 110
RUNGS = 200
"""Percent of the earlier total that the pool has then."""
WIN_CELLS = 5
PAIR_CELLS = 12
_BEFORE_THE_OFF = frozenset({"scheduled", "open"})


def frozen(board: OddsItem, context: Context) -> Finding | None:
    before = context.earlier
    if before is None or board.status not in _BEFORE_THE_OFF:
        return None
    return next(
        (
            finding
            for kind, cells in _shown(board).items()
            if (finding := _stood_still(board, kind, cells, before.standing.get(kind))) is not None
        ),
        None,
    )


def _shown(board: OddsItem) -> dict[str, dict[tuple[str, ...], int]]:
    prices = shown.values(shown.quoted(board, "win_tote"))
    pairs: dict[str, dict[tuple[str, ...], int]] = {
        grid.bet_type: {(cell.first, cell.second): cell.payout for cell in grid.prices} for grid in board.grids
    }
    return {"win": {(label,): price for label, price in prices.items()}, **pairs}


def _stood_still(
    board: OddsItem, kind: str, cells: dict[tuple[str, ...], int], before: Standing | None
) -> Finding | None:
    now = shown.total(board, kind)
    enough = WIN_CELLS if kind == "win" else PAIR_CELLS
    if before is None or before.total is None or now is None:
        return None
    both = cells.keys() & before.cells.keys()
    if len(both) < enough or any(cells[cell] != before.cells[cell] for cell in both):
        return None
    percent = RUNGS if kind == "win" and board.source.notation == "board" else CENTS
    if now * 100 < before.total * percent or before.total <= 0:
        return None
    return Finding(
        "frozen",
        f"{kind} prices that move while their pool grows",
        f"all {len(both)} as they were when the pool stood at {before.total}; it is {now} now (minor units)",
    )
