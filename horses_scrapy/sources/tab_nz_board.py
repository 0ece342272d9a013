"""The board of one race of TAB New Zealand: prices, pools, the quinella's matrix, will-pays."""

from collections.abc import Iterator
from datetime import datetime

from horses_scrapy import odds
from horses_scrapy.errors import ParseError, UnknownOdds
from horses_scrapy.items import OUT, BetType, Entry, LegBetType, Market, PairGrid, Pool, Price, WillPay
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.pairs import PairForm, pair_grid
from horses_scrapy.sources.tab_nz_names import CURRENCY, UNIT

MARKETS: dict[str, Market] = {"pool_win": "win_tote", "fixed_win": "win_fixed", "pool_place": "place_low"}
POOLS: dict[str, BetType] = {
    "Win": "win", "Place": "place", "Quinella": "quinella", "Trifecta": "trifecta", "FirstFour": "superfecta",
}  # fmt: skip
"""Pools of one race; the money in doubles, trebles and quadrellas is not of one race and is left out."""
LEGS: dict[str, tuple[LegBetType, str]] = {
    "EarlyQuadrella": ("quadrella", "early_quaddie"),
    "Quadrella": ("quadrella", "quaddie"),
    "Treble": ("treble", "tote_treble"),
    "RunningDouble": ("daily_double", "tote_running_double"),
}
"""Bets over several races: what they are called here, and the field that lists their races."""
QUINELLA = PairForm("quinella", UNIT)


def prices(runner: Json, entry: Entry) -> Iterator[Price]:
    """Status first: a scratched runner keeps its last odds in this API, and they are no price."""
    out = entry.status in OUT
    offered = None if out else runner["odds"]
    for field, market in MARKETS.items():
        quoted = offered.get(field) if offered is not None else None
        quote = odds.SCRATCHED if out else odds.NOT_QUOTED if quoted is None else quoted.quote()
        yield Price(label=entry.label, market=market, price=quote.price, status=quote.status)


def pools(data: Json) -> tuple[Pool, ...]:
    known = [(POOLS.get(pool["product_type"].text()), pool) for pool in data.list_of("tote_pools")]
    return tuple(
        Pool(bet_type=bet_type, amount=pool["total"].cents(), currency=CURRENCY)
        for bet_type, pool in known
        if bet_type is not None
    )


def quinella(data: Json, entries: tuple[Entry, ...], fetched_at: datetime) -> tuple[PairGrid, ...]:
    """A row per runner, its cells joined by `|`, a column per runner of the card in the order of their numbers.

    A price on the diagonal, or halves that disagree, say that the columns are not what we think: a ParseError.
    """
    for pool in data.list_of("tote_pools"):
        rows = pool.list_of("qla_odds")
        if pool["product_type"].text() == "Quinella" and rows:
            where = f"{pool.path}.qla_odds"
            cells = _cells(rows, entries)
            return (pair_grid(QUINELLA, cells, currency=CURRENCY, fetched_at=fetched_at, where=where),)
    return ()


def _cells(rows: list[Json], entries: tuple[Entry, ...]) -> dict[tuple[str, str], int | None]:
    labels = sorted((entry.label for entry in entries), key=int)
    out = {entry.label for entry in entries if entry.status in OUT}
    cells: dict[tuple[str, str], int | None] = {}
    for row in rows:
        first = str(row["sel"].whole())
        tokens = row["oddsString"].text().split("|")
        if first not in labels or len(tokens) != len(labels):
            raise ParseError(f"{row.path}: row {first} of {len(tokens)} cells in a race of {len(labels)} runners")
        for second, token in zip(labels, tokens, strict=True):
            payout = _payout(token, row)
            cells[first, second] = None if {first, second} & out else payout
    return cells


def _payout(token: str, row: Json) -> int | None:
    """Cents for 1 dollar; None on the diagonal, for a scratched runner (`scr`) and while nothing is bet (`0.00`)."""
    try:
        price = odds.parse_decimal(token).price
    except UnknownOdds as error:
        raise ParseError(f"{row.path}.oddsString: {error}") from error
    if price is not None and price % 10:
        raise ParseError(f"{row.path}.oddsString: {token!r} is not in whole cents")
    return price // 10 if price is not None else None


def will_pays(data: Json, race_number: int, entries: tuple[Entry, ...]) -> tuple[WillPay, ...]:
    """What 1 dollar on a bet over several races will pay if a runner of this race, its last leg, wins.

    The API repeats these in the answers of the earlier legs, where the numbers are those of another race's runners: left
    out there, and where the pool does not say which races it is on.
    """
    running = {entry.label for entry in entries if entry.status not in OUT}
    known = frozenset(entry.label for entry in entries)
    found = []
    for pool in data.list_of("tote_pools"):
        bet_type, field = LEGS.get(pool["product_type"].text(), (None, ""))
        if bet_type is not None and _ends_here(pool, field, race_number):
            rows = [(row, _selection(row, known)) for row in pool.list_of("will_pays")]
            found += [_will_pay(bet_type, label, row) for row, label in rows if label in running and _pays(row)]
    return tuple(found)


def _ends_here(pool: Json, field: str, race_number: int) -> bool:
    """Quadrellas name their races in one list, doubles and trebles in a list for each; two that fit are one too many."""
    listed = pool.list_of(field)
    groups = [listed] if field.endswith("quaddie") else [group.elements() for group in listed]
    legs = [[leg.whole() for leg in group] for group in groups]
    fitting = [races for races in legs if race_number in races]
    return len(fitting) == 1 and fitting[0][-1] == race_number


def _selection(row: Json, known: frozenset[str]) -> str:
    label = str(row["sel"].whole())
    if label not in known:
        raise ParseError(f"{row.path}.sel: {label} is no runner of this race")
    return label


def _pays(row: Json) -> bool:
    """`change` is S for a scratched runner; 0 while nothing is known."""
    return row.optional_text("change") != "S" and row["odds"].cents() != 0


def _will_pay(bet_type: LegBetType, label: str, row: Json) -> WillPay:
    payout = row["odds"].cents()
    if payout < UNIT:
        raise ParseError(f"{row.path}.odds: {payout} cents for 1 dollar")
    return WillPay(bet_type=bet_type, combination=label, base=UNIT, payout=payout, currency=CURRENCY)
