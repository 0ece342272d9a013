"""Recordings of the Hong Kong Jockey Club's former service (getJSON.aspx, retired): the same numbers in another form.

A body holds one text, `HHMMSS@@@...`: the time of day at which it was made, in Hong Kong, then a block for each race.
Neither day, course nor race are told, so whoever reads a recording must know them. Checked on recorded answers of 2020
to 2022. Nothing is requested here: this is for recordings, and proves the reading of numbers that hkjc.py shares.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from scrapy.http import Response

from horses_scrapy import odds
from horses_scrapy.errors import ParseError
from horses_scrapy.items import Market, PairGrid, Pool, Price
from horses_scrapy.sources.hkjc_odds import (
    CURRENCY,
    MARKETS,
    PAIRS,
    ZONE,
    Investment,
    cents,
    pair_cells,
    pools,
    program_number,
    quote,
)
from horses_scrapy.sources.json_body import read_json
from horses_scrapy.sources.local_time import clock_instant
from horses_scrapy.sources.pairs import pair_grid

FLAGS = frozenset({"0", "1", "2", "3"})
"""After the odds: nothing, favourite, shortened a lot, shortened very much. Not kept."""
_CLOCK = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class LegacyBoard:
    """Win and place odds of one race, and when they were made."""

    race_number: int
    source_time: datetime | None
    prices: tuple[Price, ...]


def parse_winplaodds(response: Response, day: date) -> Iterator[LegacyBoard]:
    """`WIN;1=219=0;...#PLA;1=47=0;...` for each race from the first; a race that was not asked for is an empty block."""
    source_time, blocks = _blocks(response, day)
    for race_number, block in enumerate(blocks, start=1):
        if block:
            yield LegacyBoard(race_number, source_time, _prices(block, f"OUT: race {race_number}"))


def parse_pairs(response: Response, bet: Literal["QIN", "FCT"], day: date) -> PairGrid:
    """`;1-2=72=0;...`: a forecast has both orders of each pair, the first number is the winner."""
    source_time, blocks = _blocks(response, day)
    if len(blocks) != 1 or source_time is None:
        raise ParseError(f"OUT: one block and its time are expected, not {len(blocks)}")
    cells = [(name, shown, f"OUT: {name}") for name, shown in _cells(blocks[0].removeprefix(";"), "OUT")]
    table = pair_cells(cells, PAIRS[bet], "-", lambda _: True)
    return pair_grid(PAIRS[bet], table, currency=CURRENCY, fetched_at=source_time, where="OUT")


def parse_pool_totals(response: Response, day: date) -> tuple[tuple[Pool, ...], datetime | None]:
    """Totals of one race, and when they were made. Bets over several races are left out."""
    document = read_json(response)
    lines = [
        Investment(
            pool["pool"].text(), cents(pool["value"].text(), f"{pool.path}.value"), pool.optional_text("pid"), pool.path
        )
        for pool in document["inv"].elements()
    ]
    return tuple(pools(lines)), _instant(document["updateTime"].text(), day)


def _blocks(response: Response, day: date) -> tuple[datetime | None, list[str]]:
    at, *blocks = read_json(response)["OUT"].text().split("@@@")
    if not blocks:
        raise ParseError("OUT: a time, @@@ and the races are expected")
    return _instant(at, day), blocks


def _instant(shown: str, day: date) -> datetime | None:
    """HHMMSS in Hong Kong."""
    match = _CLOCK.fullmatch(shown)
    if match is None:
        raise ParseError(f"a time of day such as 175223 is expected, not {shown[:20]!r}")
    hour, minute, second = map(int, match.groups())
    return clock_instant(day, time(hour, minute, second), ZONE, "HHMMSS")


def _prices(block: str, where: str) -> tuple[Price, ...]:
    """Status first: SCR in either pool takes the horse out of both."""
    quotes = {}
    for part in block.split("#"):
        bet, _, cells = part.partition(";")
        if bet not in MARKETS or bet in quotes:
            raise ParseError(f"{where}: one block of each of {', '.join(MARKETS)} is expected, not {bet[:10]!r}")
        quotes[bet] = {
            program_number(name, where): quote(shown, f"{where}: {bet} {name}") for name, shown in _cells(cells, where)
        }
    out = {label for told in quotes.values() for label, shown in told.items() if shown.status == "scratched"}
    return tuple(
        _price(label, MARKETS[bet], odds.SCRATCHED if label in out else shown)
        for bet, told in quotes.items()
        for label, shown in told.items()
    )


def _price(label: str, market: Market, shown: odds.Quote) -> Price:
    return Price(label=label, market=market, price=shown.price, status=shown.status)


def _cells(text: str, where: str) -> Iterator[tuple[str, str]]:
    """`name=odds=flag`, joined by semicolons, each name once."""
    seen = set()
    for cell in text.split(";"):
        parts = cell.split("=")
        if len(parts) != 3 or parts[2] not in FLAGS or parts[0] in seen:
            raise ParseError(f"{where}: number=odds=flag, each number once, is expected, not {cell[:30]!r}")
        seen.add(parts[0])
        yield parts[0], parts[1]
