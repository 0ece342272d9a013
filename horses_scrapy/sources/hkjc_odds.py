"""Numbers of the Hong Kong Jockey Club as both its services print them: odds, pairs, money of pools.

Odds are for 1, stake included. A pair's price is given here as what HK$10 pay, the stake that dividends are declared for.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from horses_scrapy import odds
from horses_scrapy.errors import ParseError, UnknownOdds
from horses_scrapy.items import Market, Pool, PoolType, Source
from horses_scrapy.sources.pairs import PairForm

SOURCE = Source("hkjc", "decimal", "display")
CURRENCY = "HKD"
ZONE = "Asia/Hong_Kong"
MARKETS: dict[str, Market] = {"WIN": "win_tote", "PLA": "place_low"}
PAIRS = {"QIN": PairForm("quinella", base=1000), "FCT": PairForm("exacta", base=1000)}
"""HK$10. Forecast is the Club's word for an exacta; `02,04` is 2 first, 4 second."""
POOLS: dict[str, PoolType] = {
    "WIN": "win", "CWA": "win", "CWB": "win", "CWC": "win", "PLA": "place", "QIN": "quinella", "FCT": "exacta",
    "TCE": "trifecta", "TRI": "trio", "QTT": "superfecta",
}  # fmt: skip
"""Pools of one race. A composite win (CWA, CWB, CWC) is a bet on a group of horses in the win pool itself."""

_OWN_KIND = frozenset({"win", "place", "quinella"})
"""Bets that are merged only with others of their own kind; a forecast lies with a trio, a quartet with a first four."""
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)
_UNIT = re.compile(r"1(?:\.0)?", re.ASCII)
_NUMBER = re.compile(r"0?[1-9]|[1-9]\d", re.ASCII)
_MONEY = re.compile(r"(\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d\d))?", re.ASCII)


def quote(shown: str, where: str) -> odds.Quote:
    """`7.9`, `1,250`, `SCR`, and `---` or nothing before selling.

    A place at 1.0 gives the stake back at best: no price here, as from every other source.
    """
    text = shown.strip()
    if text == "---" or _UNIT.fullmatch(text):
        return odds.NOT_QUOTED
    try:
        return odds.parse_decimal(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except UnknownOdds as error:
        raise ParseError(f"{where}: {error}") from error


def payout(shown: str, where: str) -> int | None:
    """What HK$10 on a pair pay, in cents: as many as the odds for 1 have thousandths. None: not quoted, or scratched."""
    return quote(shown, where).price


def program_number(shown: str, where: str) -> str:
    """A program number, of which the services write `1` and `01`."""
    if _NUMBER.fullmatch(shown.strip()) is None:
        raise ParseError(f"{where}: a program number is expected, not {shown[:20]!r}")
    return shown.strip().removeprefix("0")


def pair(shown: str, separator: str, where: str) -> tuple[str, str]:
    parts = shown.split(separator)
    if len(parts) != 2:
        raise ParseError(f"{where}: two program numbers joined by {separator!r} are expected, not {shown[:20]!r}")
    return program_number(parts[0], where), program_number(parts[1], where)


def pair_cells(
    cells: Iterable[tuple[str, str, str]], form: PairForm, separator: str, known: Callable[[str], bool]
) -> dict[tuple[str, str], int | None]:
    """(pair, odds, where) of each cell as a table. A pair twice, or of a horse that does not run, is a ParseError."""
    found: dict[tuple[str, str], int | None] = {}
    for shown, price, where in cells:
        first, second = pair(shown, separator, where)
        key = (second, first) if form.bet_type == "quinella" and int(second) < int(first) else (first, second)
        if key in found or first == second or not (known(first) and known(second)):
            raise ParseError(f"{where}: the pair {shown} is not one of two different runners, given once")
        found[key] = payout(price, where)
    return found


@dataclass(frozen=True, slots=True)
class Investment:
    """A line of the pools' table. `merged`: the key of the pool in which several bets lie together."""

    bet: str
    amount: int
    merged: str | None
    where: str


def cents(shown: str, where: str) -> int:
    match = _MONEY.fullmatch(shown.strip())
    if match is None:
        raise ParseError(f"{where}: an amount in dollars is expected, not {shown[:20]!r}")
    return int(match[1].replace(",", "")) * 100 + int(match[2] or "0")


def pools(lines: Iterable[Investment]) -> Iterator[Pool]:
    """Totals by pool. Lines of one merged pool each show the pool's whole amount: they are one pool, never a sum.

    A merged pool whose bets are of different kinds (forecast and trio, quartet and first four) is left out: its money is
    not that of either bet.
    """
    given = list(lines)
    _check_merged(given)
    totals: dict[PoolType, int] = {}
    for line in given:
        bet_type = POOLS.get(line.bet)
        if bet_type is None or _is_shared(line, bet_type, given):
            continue
        if totals.setdefault(bet_type, line.amount) != line.amount:
            raise ParseError(f"{line.where}: two {bet_type} pools of different amounts")
    return (Pool(bet_type=bet_type, amount=amount, currency=CURRENCY) for bet_type, amount in totals.items())


def _check_merged(given: list[Investment]) -> None:
    amounts: dict[str, int] = {}
    for line in given:
        if line.merged and amounts.setdefault(line.merged, line.amount) != line.amount:
            raise ParseError(f"{line.where}: the merged pool {line.merged} is given with two amounts")


def _is_shared(line: Investment, bet_type: PoolType, given: list[Investment]) -> bool:
    """Whether another kind of bet lies in the same pool: said by the line, or seen by another's equal money.

    To the cent the same money in two pools is one pool, also where a line forgets to say so.
    """
    others = {POOLS.get(other.bet, other.bet) for other in given if other.amount == line.amount > 0}
    return bool(line.merged and bet_type not in _OWN_KIND) or len(others) > 1
