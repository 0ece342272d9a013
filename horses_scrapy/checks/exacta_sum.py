"""exacta_sum: a full matrix of pair prices adds up to what its pool pays back: sum(base/payout) = 1/(1 - takeout).

Only where every pair of the interests that still run is quoted (for a quinella each pair once), and within a tenth. A
pair at the cap is quoted, but may hold next to nothing. Recorded: HKJC forecast (exacta) 1.257 and quinella 1.226, TAB NZ
quinella 1.271, NYRA exacta 1.227 at Saratoga; 0.91 and 1.15 where the figures of the Derby were frozen.
"""

from fractions import Fraction
from itertools import combinations, permutations

from horses_scrapy.checks import shown
from horses_scrapy.checks.context import Context, Finding
from horses_scrapy.config.tracks import PoolTerms
from horses_scrapy.items import OddsItem, PairGrid

TOLERANCE = Fraction(1, 10)
TAKEOUT_KNOWN_TO_EXIST = (Fraction(12, 100), Fraction(36, 100))
FEWEST = 3


def exacta_sum(board: OddsItem, context: Context) -> Finding | None:
    return next(
        (
            finding
            for grid in board.grids
            if (finding := _sum(grid, _running(board, grid, context), context.terms.get(grid.bet_type))) is not None
        ),
        None,
    )


def _running(board: OddsItem, grid: PairGrid, context: Context) -> frozenset[str]:
    """As the board tells it, else the card, else the matrix. A price that is gone may be a scratch that nobody tells."""
    told = frozenset(price.label for price in board.prices if price.status in {"active", "capped"})
    known = told or context.running or frozenset(label for cell in grid.prices for label in (cell.first, cell.second))
    return known - shown.scratched(board) - context.out


def _sum(grid: PairGrid, running: frozenset[str], terms: PoolTerms | None) -> Finding | None:
    cells = full(grid, running)
    if not cells:
        return None
    least, most = shown.takeouts(terms, TAKEOUT_KNOWN_TO_EXIST)
    expected = (1 / (1 - least) * (1 - TOLERANCE), 1 / (1 - most) * (1 + TOLERANCE))
    low, high = _sums(grid, cells, terms, 1 / (1 - most))
    if low <= expected[1] and high >= expected[0]:
        return None
    return Finding(
        "exacta_sum",
        f"base/pay-out of all {len(cells)} {grid.bet_type} pairs to add up to {float(expected[0]):.3f} to {float(expected[1]):.3f}",
        f"{float(low):.3f} to {float(high):.3f}",
    )


def full(grid: PairGrid, running: frozenset[str]) -> list[int]:
    """The pay-outs of all pairs that run, none where one is missing."""
    found = {(cell.first, cell.second): cell.payout for cell in grid.prices}
    if grid.bet_type == "exacta":
        due = [found.get(pair) for pair in permutations(sorted(running), 2)]
    else:
        due = [found.get(pair, found.get(pair[::-1])) for pair in combinations(sorted(running), 2)]
    quoted = [payout for payout in due if payout is not None]
    return quoted if len(quoted) == len(due) and len(running) >= FEWEST else []


def _sums(grid: PairGrid, cells: list[int], terms: PoolTerms | None, whole: Fraction) -> tuple[Fraction, Fraction]:
    """A pay-out is cut off at a digit or at the breakage; fewer digits are printed from ten for one up.

    One at the minimum return may stand for nearly all of the money: `whole`.
    """
    breakage = 0 if terms is None else round(terms.breakage * grid.base)
    floor = shown.minimum(terms) * grid.base
    low = high = Fraction()
    for long in (False, True):
        band = [payout for payout in cells if (payout >= 10 * grid.base) is long]
        width = max(breakage, shown.step(band, grid.base))
        high += sum((whole if payout <= floor else Fraction(grid.base, payout) for payout in band), Fraction())
        exact = (payout for payout in band if grid.cap is None or payout < grid.cap)
        low += sum((Fraction(grid.base, payout + width) for payout in exact), Fraction())
    return low, high
