"""TAB Australia's approximates: what 1 dollar on a pair would pay. No answer was recorded: the form is that of a parser.

`{"approximates": [{"selections": [9, 3], "return": 7.4}, ...]}`; for an exacta the first selection is the first horse. 0 is
no price: nobody has bet the pair, or a horse of it is scratched.
"""

from scrapy.http import Response

from horses_scrapy.errors import ParseError
from horses_scrapy.items import OUT, PairGrid, RaceItem
from horses_scrapy.sources.json_body import Json, read_json
from horses_scrapy.sources.pairs import PairForm, pair_grid
from horses_scrapy.sources.tab_au_names import CURRENCY, UNIT, runner_number
from horses_scrapy.track_spider import Visit

PAIRS: dict[str, PairForm] = {"Exacta": PairForm("exacta", UNIT), "Quinella": PairForm("quinella", UNIT)}
"""By the name of the product, which is also that of its page."""


def parse_approximates(response: Response, visit: Visit, race: RaceItem, form: PairForm) -> PairGrid:
    """`race` has the entries: a pair of other runners is a ParseError, one with a scratched horse has no price."""
    rows = read_json(response)["approximates"].elements()
    known = frozenset(entry.label for entry in race.entries)
    out = {entry.label for entry in race.entries if entry.status in OUT}
    cells: dict[tuple[str, str], int | None] = {}
    for row in rows:
        pair, payout = _pair(row, known), _payout(row["return"])
        if cells.setdefault(pair, payout) != payout:
            raise ParseError(f"{row.path}: {'-'.join(pair)} pays {payout} here and {cells[pair]} before")
    running = {pair: None if out & set(pair) else payout for pair, payout in cells.items()}
    return pair_grid(form, running, currency=CURRENCY, fetched_at=visit.fetched_at, where="approximates")


def _pair(row: Json, known: frozenset[str]) -> tuple[str, str]:
    selections = row["selections"].elements()
    if len(selections) != 2:
        raise ParseError(f"{row.path}.selections: a pair is expected, not {len(selections)} runners")
    first, second = (runner_number(node, known) for node in selections)
    return first, second


def _payout(node: Json) -> int | None:
    """Cents for 1 dollar."""
    price = node.quote().price
    if price is not None and price % 10:
        raise ParseError(f"{node.path}: {price / 1000} is not in whole cents")
    return price // 10 if price is not None else None
