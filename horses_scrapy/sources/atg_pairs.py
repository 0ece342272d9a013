"""ATG's pair odds: games/komb_<race> (ordered) or games/tvilling_<race> (unordered), `pools.<bet>.comboOdds`.

A square of hundredths: a row per horse that wins, a column per second, both by start number from 1 on; 0 where nothing
is quoted. Never recorded: written for the form that public readers of komb describe, and checked as far as it can be.
"""

from scrapy.http import Response

from horses_scrapy.errors import ConfigError, ParseError
from horses_scrapy.items import OddsItem, PairGrid
from horses_scrapy.sources.atg_names import CURRENCY, NO_ODDS, UNIT
from horses_scrapy.sources.json_body import Json, read_json
from horses_scrapy.sources.pairs import PairForm, pair_grid
from horses_scrapy.track_spider import Visit

FORMS = {"komb": PairForm("exacta", UNIT), "tvilling": PairForm("quinella", UNIT)}


def pair_game(option: str) -> str:
    if option not in FORMS:
        raise ConfigError(f"tracks.yaml: options: pairs={option}: one of {', '.join(FORMS)} is expected")
    return option


def parse_combos(response: Response, visit: Visit, race_id: str, bet: str, board: OddsItem) -> PairGrid:
    """The grid without pairs of a scratched horse."""
    game = read_json(response)
    if game["id"].text() != f"{bet}_{race_id}":
        raise ParseError(f"id: {bet}_{race_id} was asked for, not {game['id'].text()}")
    rows = [row.elements() for row in game["pools"][bet]["comboOdds"].elements()]
    numbers = {price.label for price in board.prices}
    labels = [str(number) for number in range(1, len(rows) + 1)]
    where = f"pools.{bet}.comboOdds"
    if set(labels) != numbers or any(len(row) != len(rows) for row in rows):
        raise ParseError(f"{where}: {len(rows)} rows of {[len(row) for row in rows]} cells, the starts are {numbers}")
    out = {price.label for price in board.prices if price.status == "scratched"}
    cells = {
        (first, second): None if {first, second} & out else _payout(cell)
        for first, row in zip(labels, rows, strict=True)
        for second, cell in zip(labels, row, strict=True)
    }
    return pair_grid(FORMS[bet], cells, currency=CURRENCY, fetched_at=visit.fetched_at, where=where)


def _payout(cell: Json) -> int | None:
    """Oere for 1 krona; less than the stake is no pay-out."""
    hundredths = cell.whole()
    if hundredths in NO_ODDS:
        return None
    if hundredths < UNIT:
        raise ParseError(f"{cell.path}: a pay-out in hundredths is expected, not {hundredths}")
    return hundredths
