"""An answer of NYRA Bets' GetProbables: pools, win odds, exacta probables.

The answer names neither track, date nor race; what it does tell is checked: the pools that were asked for, each once, net
below gross by no more than a takeout, selections among the runners that are known.
"""

from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import Literal

from horses_scrapy.errors import ParseError
from horses_scrapy.items import PairGrid, Pool, Price, PriceStatus
from horses_scrapy.program_number import PROGRAM_NUMBER
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.pairs import PairForm, pair_grid
from horses_scrapy.track_spider import Visit

Known = Literal["win", "place", "show", "exacta", "trifecta", "superfecta"]
POOLS: dict[str, Known] = {
    "WN": "win", "PL": "place", "SH": "show", "EX": "exacta", "TR": "trifecta", "SU": "superfecta",
}  # fmt: skip
SINGLE = frozenset({"win", "place", "show"})
"""Pools whose selections are one runner each."""
DOLLAR = 100
EXACTA = PairForm("exacta", base=DOLLAR, first="row")
OPEN = 1
"""The only pool status that was ever recorded; it stood there a day after the race, too."""
_MORE = Fraction(1, 10)
"""Recorded nets lie up to 0.07 of the gross below 1 - takeout."""
_UNKNOWN_TAKEOUT = Fraction(3, 10)


def asked_pools(document: Json, asked: Collection[str]) -> dict[str, Json]:
    """The pools of the answer by their code; the win pool and every other one that was asked for, exactly once."""
    found: dict[str, Json] = {}
    for pool in document["pools"].elements():
        code = pool["poolTypeCode"].text()
        if code in found:
            raise ParseError(f"{pool.path}: a second {code} pool")
        if code in POOLS and pool["poolTypeName"].text() != POOLS[code].upper():
            raise ParseError(f"{pool.path}.poolTypeName: {POOLS[code].upper()} is expected of a {code} pool")
        found[code] = pool
    missing = [code for code in asked if code not in found]
    if missing:
        raise ParseError(f"pools: {', '.join(missing)} of {', '.join(asked)} not in the answer: {', '.join(found)}")
    for code in asked:
        _check_open(found[code])
    return {code: found[code] for code in asked}


def _check_open(pool: Json) -> None:
    if pool["poolStatus"].whole() != OPEN:
        raise ParseError(f"{pool.path}.poolStatus: {pool['poolStatus'].whole()}, only {OPEN} (open) was ever recorded")


def money(pool: Json, visit: Visit) -> Iterator[Pool]:
    """The gross total, and the gross on each runner of a single pool.

    The runners' amounts may fall short of it, as a scratched runner can be gone before its money is; they never exceed it
    but for rounding.
    """
    bet_type, currency = POOLS[pool["poolTypeCode"].text()], visit.track.currency
    gross = pool["currentTotalPoolGross"]["amount"].cents()
    _check_net(pool, gross, visit)
    yield Pool(bet_type=bet_type, amount=gross, currency=currency)
    amounts = _amounts(pool) if bet_type in SINGLE else {}
    if amounts and not gross // 2 <= sum(amounts.values()) <= gross + 100 * len(amounts):
        raise ParseError(f"{pool.path}: runners' amounts add up to {sum(amounts.values())} cents, the pool is {gross}")
    for label, amount in amounts.items():
        yield Pool(bet_type=bet_type, amount=amount, currency=currency, label=label)


def _amounts(pool: Json) -> dict[str, int]:
    found = {}
    for probable in pool.list_of("probables"):
        on_it = probable.get("totalPoolGross")
        if on_it is not None:
            found[_runner(probable)] = on_it["amount"].cents()
    return found


def _check_net(pool: Json, gross: int, visit: Visit) -> None:
    """A net that no takeout explains betrays another pool's figure."""
    net = pool["currentTotalPoolNet"]["amount"].cents()
    terms = visit.track.terms(POOLS[pool["poolTypeCode"].text()], visit.race_date)
    most = _UNKNOWN_TAKEOUT if terms is None else Fraction(str(terms.takeout)) + _MORE
    if not gross * (1 - most) <= net <= gross:
        raise ParseError(f"{pool.path}: a net of {net} cents of {gross}; it keeps {1 - most} of the gross at least")


def win_prices(pool: Json, known: frozenset[str]) -> tuple[Price, ...]:
    """Win odds from the pay-out of a dollar. 0 says "not offered" and "scratched" alike: the price is missing then.

    A runner without a pay-out at all is not quoted, as is everyone while the pool is empty.
    """
    gross = pool["currentTotalPoolGross"]["amount"].cents()
    probables = pool.list_of("probables")
    if gross and not probables:
        raise ParseError(f"{pool.path}.probables: none, though {gross} cents are in the pool")
    prices = tuple(_price(probable, known, empty=gross == 0) for probable in probables)
    labels = [price.label for price in prices]
    if len(set(labels)) != len(labels):
        raise ParseError(f"{pool.path}.probables: one of the runners {labels} stands twice")
    _check_base(prices, gross, pool)
    return prices


def _price(probable: Json, known: frozenset[str], *, empty: bool) -> Price:
    label = _runner(probable)
    if known and label not in known:
        raise ParseError(f"{probable.path}.selection: {label} is not among the race's runners, {', '.join(known)}")
    payout = probable.get("lowProbablePayout")
    price = None if payout is None else payout["amount"].quote().price
    unpriced: PriceStatus = "active" if empty or payout is None else "missing"
    return Price(label=label, market="win_tote", price=price, status=unpriced if price is None else "active")


def _check_base(prices: tuple[Price, ...], gross: int, pool: Json) -> None:
    """Shares of the pool, 1/price, add up to gross/net: half of that, and the pay-outs are for two dollars."""
    quoted = [price.price for price in prices if price.price is not None]
    if len(quoted) < len(prices) or not quoted or gross == 0:
        return
    net = pool["currentTotalPoolNet"]["amount"].cents()
    shares = sum((Fraction(1000, price) for price in quoted), Fraction())
    if not Fraction(7, 10) <= shares * net / gross <= Fraction(3, 2):
        raise ParseError(f"{pool.path}: 1/price adds up to {float(shares):.3f}: the pay-outs are not for a dollar")


def exacta(pool: Json, prices: tuple[Price, ...], visit: Visit) -> tuple[PairGrid, ...]:
    """Pay-outs of a dollar on first,second. 0 is no price, nor is anything with a runner whose win price is missing.

    Empty while nothing is quoted.
    """
    labels = {price.label for price in prices}
    running = {price.label for price in prices if price.status != "missing"}
    cells: dict[tuple[str, str], int] = {}
    for probable in pool.list_of("probables"):
        pair = _pair(probable)
        if not labels.issuperset(pair):
            raise ParseError(
                f"{probable.path}.selection: {','.join(pair)}, the win pool has {', '.join(sorted(labels))}"
            )
        payout = probable.get("lowProbablePayout")
        cents = 0 if payout is None else payout["amount"].cents()
        if cells.setdefault(pair, cents) != cents:
            raise ParseError(f"{probable.path}: {','.join(pair)} pays {cells[pair]} and {cents}")
    quoted = {pair: cents for pair, cents in cells.items() if cents != 0 and running.issuperset(pair)}
    if not quoted:
        return ()
    currency = visit.track.currency
    return (pair_grid(EXACTA, quoted, currency=currency, fetched_at=visit.fetched_at, where=pool.path),)


def _runner(probable: Json) -> str:
    selection = probable["selection"].text()
    if PROGRAM_NUMBER.fullmatch(selection) is None:
        raise ParseError(f"{probable.path}.selection: a program number is expected, not {selection[:20]!r}")
    return selection


def _pair(probable: Json) -> tuple[str, str]:
    first, comma, second = probable["selection"].text().partition(",")
    if not comma or PROGRAM_NUMBER.fullmatch(first) is None or PROGRAM_NUMBER.fullmatch(second) is None:
        raise ParseError(f"{probable.path}.selection: two program numbers are expected, not {first[:10]},{second[:10]}")
    return first, second
