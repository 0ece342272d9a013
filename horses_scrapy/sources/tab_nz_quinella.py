"""The quinella matrix of TAB New Zealand: a row per runner, its cells joined by `|`, a column per runner of the card."""

from horses_scrapy import odds
from horses_scrapy.errors import ParseError, UnknownOdds
from horses_scrapy.items import PairPrice
from horses_scrapy.sources.json_body import Json


def parse_quinella(rows: list[Json], numbers: list[int]) -> tuple[PairPrice, ...]:
    """The upper half of the matrix; its diagonal must be empty and its halves alike, else columns are not what we think."""
    cells: dict[tuple[int, int], int | None] = {}
    for row in rows:
        first = row["sel"].whole()
        tokens = row["oddsString"].text().split("|")
        if first not in numbers or len(tokens) != len(numbers):
            raise ParseError(f"{row.path}: row {first} of {len(tokens)} cells in a race of {len(numbers)} runners")
        for second, token in zip(numbers, tokens, strict=True):
            cells[first, second] = _payout(token, row)
    for (first, second), payout in cells.items():
        if payout != (None if first == second else cells.get((second, first), payout)):
            raise ParseError(f"{rows[0].path}: {first}-{second} pays {payout}, {second}-{first} does not")
    return tuple(
        PairPrice(first=str(first), second=str(second), payout=payout)
        for (first, second), payout in sorted(cells.items())
        if first < second and payout is not None
    )


def _payout(token: str, row: Json) -> int | None:
    """Cents for 1 dollar; None on the diagonal, for a scratched runner (`scr`) and while nothing is bet (`0.00`)."""
    try:
        price = odds.parse_decimal(token).price
    except UnknownOdds as error:
        raise ParseError(f"{row.path}.oddsString: {error}") from error
    if price is not None and price % 10:
        raise ParseError(f"{row.path}.oddsString: {token!r} is not in whole cents")
    return price // 10 if price is not None else None
