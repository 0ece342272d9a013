"""orientation: which index of an exacta matrix is the winner's.

The shares of base/payout, added up by first horse, are the chances to win; added up by second horse they are flatter, for
nobody is second who has won. Between the two lies D = sum((first - second)^2), and the win odds say where on that line
they stand: -1 at the first-horse shares, +1 at the second-horse shares. From +TURNED on the matrix is transposed.

No verdict where the two hardly differ (D below SPREAD^2: a level field) or the matrix is thin. On the synthetic tote, 24 cards
of 3 races, 2,470 of 3,881 boards allow one: the right ones lie below +0.29, and 1,884 of them are told when turned.
Recorded: TVG prints columns as first, with 9 at 53 % against 16 %; the Derby's pasted grid prints rows, and is nearly level.
"""

from collections.abc import Mapping

from horses_scrapy.checks import shown
from horses_scrapy.checks.context import Context, Finding
from horses_scrapy.checks.shown import Range
from horses_scrapy.items import OddsItem, PairGrid

SPREAD = 0.08
TURNED = 0.4
FIELD = 4
QUOTED = 0.7
"""Share of all pairs that must be quoted."""


def orientation(board: OddsItem, context: Context) -> Finding | None:
    prices = shown.quoted(board, "win_tote")
    grid = next((grid for grid in board.grids if grid.bet_type == "exacta"), None)
    if grid is None or len(prices) < FIELD:
        return None
    place = where(grid, _chances(shown.ranges(prices, board.source, context.terms.get("win"))))
    if place is None or place < TURNED:
        return None
    return Finding(
        "orientation",
        "the chances to win, by the win odds, in the exactas added up by first horse",
        f"those added up by second horse ({place:+.2f} on a line from -1 to +1): first and second have changed places",
    )


def _chances(of: Mapping[str, Range]) -> dict[str, tuple[float, float]]:
    """Least and greatest chance of each interest, in shares of the whole."""
    ends = {label: (0.0 if high is None else float(1 / high), float(1 / low)) for label, (low, high) in of.items()}
    whole = sum(low + high for low, high in ends.values()) / 2
    return {label: (low / whole, high / whole) for label, (low, high) in ends.items()}


def where(grid: PairGrid, chances: Mapping[str, tuple[float, float]]) -> float | None:
    """-1 where the matrix is as it should be, +1 where it is transposed, None where it does not tell.

    Of what each price may stand for, the chance is taken that speaks most for the matrix.
    """
    cells = [cell for cell in grid.prices if cell.first in chances and cell.second in chances]
    if len(cells) < QUOTED * len(chances) * (len(chances) - 1):
        return None
    whole = sum(1 / cell.payout for cell in cells)
    first, second = dict.fromkeys(chances, 0.0), dict.fromkeys(chances, 0.0)
    for cell in cells:
        first[cell.first] += 1 / cell.payout / whole
        second[cell.second] += 1 / cell.payout / whole
    apart = {label: first[label] - second[label] for label in chances}
    square = sum(one**2 for one in apart.values())
    if square < SPREAD**2:
        return None
    kind = {label: chances[label][apart[label] > 0] for label in chances}
    return sum(apart[label] * (first[label] + second[label] - 2 * kind[label]) for label in chances) / square
