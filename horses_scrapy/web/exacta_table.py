"""The cells of an exacta matrix as a page shows them: HTML made here, for a macro called for each of 400 took longer than all else."""

from markupsafe import Markup, escape

from horses_scrapy.web.filters import amount, signed
from horses_scrapy.web.models.exacta import ExactaCell, ExactaLabel, ExactaMatrix

SAME, OUT, UNKNOWN = '<td class="same"></td>', '<td class="out"></td>', '<td class="pair heat-none">-</td>'


def rows_of(matrix: ExactaMatrix) -> list[tuple[ExactaLabel, Markup]]:
    """Each winner with the cells of its row, in the order of the columns."""
    cells = {(cell.first, cell.second): _pair(cell) for cell in matrix.cells}
    return [(first, _row(first, matrix.labels, cells)) for first in matrix.labels]


def _row(first: ExactaLabel, labels: list[ExactaLabel], cells: dict[tuple[str, str], str]) -> Markup:
    return Markup("".join(_cell(first, second, cells) for second in labels))  # noqa: S704 - texts in it are escaped


def _cell(first: ExactaLabel, second: ExactaLabel, cells: dict[tuple[str, str], str]) -> str:
    if first.label == second.label:
        return SAME
    return OUT if first.scratched or second.scratched else cells.get((first.label, second.label), UNKNOWN)


def _pair(cell: ExactaCell) -> str:
    key = escape(f"x-{cell.first}-{cell.second}")
    heat = "-none" if cell.overlay is None else cell.heat
    return (
        f'<td class="pair heat{heat}"{_title(cell)}><span class="paid" data-key="{key}" data-value="{cell.payout}">'
        f"{_paid(cell.payout)}{'+' if cell.capped else ''}</span>{_over(cell)}</td>"
    )


def _title(cell: ExactaCell) -> str:
    if cell.note:
        return f' title="{escape(cell.note)}"'
    return "" if cell.fair is None else f' title="fair {_paid(cell.fair)}"'


def _over(cell: ExactaCell) -> str:
    if cell.overlay is not None:
        return f'<span class="over">{signed(cell.overlay * 100, 0)}%</span>'
    return '<span class="over">floor</span>' if cell.note else ""


def _paid(units: float) -> str:
    return f"{units:.2f}" if units < 100 else amount(units)
