"""Readings of the chance to win that the exacta pool gives an interest, against the win pool's. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from alerts.amounts import hundredths
from alerts.reading.chances import Chances
from alerts.reading.overlay import chances_of, over
from alerts.reading.pair import grid_beside_prices
from alerts.reading.reading import Reading
from alerts.reading.rows import Rows, within_scope
from alerts.reading.sheet import Labels, Sheet
from alerts.rules.pair import CrossPoolRule

ENOUGH = 0.9
"""Share of a grid that must be shown, and share of a horse's weight that must be more than floors."""


@dataclass(frozen=True, slots=True)
class Implied:
    """Chances to win by the exacta pool (together 1) and by the win pool. unsure: why an interest's is not to be read.

    takeout: what the grid itself implies, a share. base: of the grid, in hundredths of a unit.
    """

    exacta: Mapping[str, float]
    chances: Chances
    unsure: Mapping[str, str]
    takeout: float
    base: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossReading(Reading):
    """now, before: the chance by the exacta pool and the one by the win pool, in thousandths of a percent."""

    implied: Implied


def crossings(rule: CrossPoolRule, sheet: Sheet) -> Iterator[Reading]:
    return within_scope(rule, sheet, sheet.once(("cross", rule.side), lambda: _rows(rule, sheet)))


def _rows(rule: CrossPoolRule, sheet: Sheet) -> Rows | str:
    implied = sheet.once("implied", lambda: implied_chances(sheet))
    if isinstance(implied, str):
        return implied
    sign = 1 if rule.side == "exacta_higher" else -1
    readings = [_reading(label, sign, implied) for label in implied.exacta if label not in implied.unsure]
    return Rows(readings, [((label,), why) for label, why in implied.unsure.items()])


def _reading(label: str, sign: int, implied: Implied) -> CrossReading:
    exacta, win = implied.exacta[label], implied.chances.of[label]
    return CrossReading(
        subject=label,
        labels=(label,),
        value=sign * over(exacta, win),
        now=round(exacta * 100_000),
        before=round(win * 100_000),
        implied=implied,
    )


def implied_chances(sheet: Sheet) -> Implied | str:
    """An interest's chance is its row's share of all inverse pay-outs: takeout and base cancel out. Or why there are none."""
    grid, chances = grid_beside_prices(sheet), chances_of(sheet)
    if isinstance(grid, str):
        return grid
    if isinstance(chances, str):
        return chances
    base = hundredths(grid.base, grid.currency)
    paid = sheet.payouts("exacta", base)
    cells = len(chances.of) * (len(chances.of) - 1)
    if len(paid) < ENOUGH * cells:
        return f"{cells - len(paid)} of {cells} pairs are not shown"
    weights = {pair: base / one.amount for pair, one in paid.items()}
    rows = _rows_of(chances.of, weights)
    floors = _rows_of(chances.of, {pair: weights[pair] for pair, one in paid.items() if one.capped})
    total = sum(map(sum, rows.values()))
    return Implied(
        exacta={label: sum(row) / total for label, row in rows.items()},
        chances=chances,
        unsure={label: why for label in rows if (why := _unsure(label, rows[label], floors[label], chances))},
        takeout=1 - 1 / total,
        base=base,
    )


def _rows_of(labels: Iterable[str], weights: Mapping[Labels, float]) -> dict[str, list[float]]:
    """By first horse."""
    rows: dict[str, list[float]] = {label: [] for label in labels}
    for (first, _), weight in weights.items():
        rows[first].append(weight)
    return rows


def _unsure(label: str, row: list[float], floors: list[float], chances: Chances) -> str | None:
    others = len(chances.of) - 1
    if len(row) < others:
        return f"{others - len(row)} of its {others} pairs are not shown"
    if sum(floors) > (1 - ENOUGH) * sum(row):
        return "too many of its pairs are capped: only floors are shown"
    return "its win price is capped: only a floor is shown" if label in chances.floors else None
