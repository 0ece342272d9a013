"""Pair prices: each source declares how its matrix is to be read; what disagrees with that is a ParseError."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from horses_scrapy.errors import ParseError
from horses_scrapy.items import OddsItem, PairGrid, PairPrice
from horses_scrapy.program_number import program_order

Cells = Mapping[tuple[str, str], int | None]
"""By (row, column) label: the pay-out in minor units, None where nothing is quoted."""


@dataclass(frozen=True, slots=True)
class PairForm:
    """How a source prints pair prices.

    base: the bet that a cell pays, in minor units. cap: the pay-out that stands for "this or more", None where there is
    none. first: whether a cell's row or its column is the horse that wins; of no meaning for a quinella.
    """

    bet_type: Literal["exacta", "quinella"]
    base: int
    cap: int | None = None
    first: Literal["row", "column"] = "row"


def pair_grid(form: PairForm, cells: Cells, *, currency: str, fetched_at: datetime, where: str) -> PairGrid:
    """The grid of all quoted pairs. A horse with itself, or a quinella whose halves disagree, is a ParseError."""
    found: dict[tuple[str, str], int] = {}
    for (row, column), payout in cells.items():
        if payout is None:
            continue
        if row == column:
            raise ParseError(f"{where}: {row} with itself pays {payout}")
        pair = (column, row) if form.first == "column" else (row, column)
        if form.bet_type == "quinella" and program_order(pair[1]) < program_order(pair[0]):
            pair = (pair[1], pair[0])
        if found.setdefault(pair, payout) != payout:
            raise ParseError(f"{where}: {'-'.join(pair)} pays {found[pair]} and {payout}")
    prices = tuple(
        PairPrice(first=first, second=second, payout=found[first, second])
        for first, second in sorted(found, key=lambda pair: (program_order(pair[0]), program_order(pair[1])))
    )
    return PairGrid(
        bet_type=form.bet_type, base=form.base, cap=form.cap, currency=currency, fetched_at=fetched_at, prices=prices
    )


def without_pairs(board: OddsItem) -> OddsItem:
    """The board, which says that its pair prices could not be had."""
    return replace(board, flags=board.flags | {"no_pairs"})
