"""One race of the Hong Kong Jockey Club: win and place odds, quinella and forecast, money of its pools.

Both answers name neither course nor day; the keys of their pools begin with the meeting's, which is checked.
"""

from collections.abc import Iterator
from dataclasses import replace

from scrapy.http import Response

from horses_scrapy import odds
from horses_scrapy.errors import ParseError
from horses_scrapy.items import OUT, OddsItem, PairGrid, Price, RaceStatus
from horses_scrapy.sources.hkjc_meeting import HkjcRace, answer
from horses_scrapy.sources.hkjc_odds import (
    CURRENCY,
    MARKETS,
    PAIRS,
    SOURCE,
    Investment,
    cents,
    pair_cells,
    pools,
    program_number,
    quote,
)
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.pairs import pair_grid
from horses_scrapy.track_spider import Visit

SELLING = {"START_SELL": True, "STOP_SELL": False}
"""STOP_SELL was recorded, before selling; START_SELL is known from parser code."""


def parse_odds(response: Response, visit: Visit, found: HkjcRace) -> tuple[OddsItem | None, ParseError | None]:
    """The board, and what is wrong with its pair prices: it is then flagged `no_pairs`.

    No board where the race is over and its pools are gone: an empty one would wipe out the last odds. Before selling
    starts a board is empty too, and is one.
    """
    by_bet = _pools_by_bet(answer(response), "pmPools", found)
    win = by_bet.get("WIN")
    quotes = {bet: _quotes(by_bet.get(bet), found) for bet in MARKETS}
    if found.race.status == "official" and not any(quotes.values()):
        return None, None
    out = _scratched(found, quotes)
    grids, fault = _grids(by_bet, visit, found, out)
    updated = win.get("lastUpdateTime") if win is not None else None
    board = OddsItem(
        track=visit.track.key,
        race_date=visit.race_date,
        race_number=found.race.race_number,
        source=SOURCE,
        url=response.url,
        fetched_at=visit.fetched_at,
        status=_status(win, found, any(quotes.values())),
        prices=tuple(_prices(found, quotes, out)),
        grids=grids,
        source_time=updated.iso_instant() if updated is not None else None,
        flags=frozenset() if fault is None else frozenset({"no_pairs"}),
    )
    return board, fault


def parse_investments(response: Response, board: OddsItem, found: HkjcRace) -> OddsItem:
    """The board with the totals of its pools. What is null is not known yet."""
    lines = [
        Investment(bet, cents(amount, f"{pool.path}.investment"), pool.optional_text("mergedPoolId"), pool.path)
        for bet, pool in _pools_by_bet(answer(response), "poolInvs", found).items()
        if (amount := pool.optional_text("investment")) is not None
    ]
    return replace(board, pools=tuple(pools(lines)))


def _pools_by_bet(data: Json, field: str, found: HkjcRace) -> dict[str, Json]:
    """The pools of this race alone, by kind of bet. One of another meeting is a ParseError; one over several races is left out."""
    meetings = data["raceMeetings"].elements()
    if len(meetings) != 1:
        raise ParseError(f"{data.path}.raceMeetings: one meeting is expected, not {len(meetings)}")
    by_bet: dict[str, Json] = {}
    for pool in meetings[0][field].elements():
        races = [race.whole() for race in pool["leg"]["races"].elements()]
        bet, key = pool["oddsType"].text(), pool["id"].text()
        if found.race.race_number not in races or not key.startswith(f"{found.meeting}{bet}"):
            raise ParseError(
                f"{pool.path}.id: {found.meeting}, race {found.race.race_number}, was asked for, not {key}"
            )
        if len(races) > 1:
            continue
        if by_bet.setdefault(bet, pool) is not pool:
            raise ParseError(f"{pool.path}.oddsType: {bet} stands twice")
    return by_bet


def _quotes(pool: Json | None, found: HkjcRace) -> dict[str, odds.Quote]:
    """By program number. A number that no runner has is a ParseError."""
    quotes: dict[str, odds.Quote] = {}
    known = {entry.label for entry in found.race.entries}
    for node in pool["oddsNodes"].elements() if pool is not None else ():
        label = program_number(node["combString"].text(), f"{node.path}.combString")
        if label not in known or label in quotes:
            raise ParseError(f"{node.path}.combString: {label} is no runner of this race, or stands twice")
        quotes[label] = quote(_shown(node), f"{node.path}.oddsValue")
    return quotes


def _shown(node: Json) -> str:
    return node.optional_text("oddsValue") or ""


def _status(win: Json | None, found: HkjcRace, quoted: bool) -> RaceStatus:
    """Selling, or closed once odds stand but nothing is sold any more."""
    if found.race.status != "scheduled" or win is None:
        return found.race.status
    if win["sellStatus"].one_of(SELLING):
        return "open"
    return "closed" if quoted else "scheduled"


def _scratched(found: HkjcRace, quotes: dict[str, dict[str, odds.Quote]]) -> set[str]:
    """On the card, or in one of the pools, which may know earlier."""
    said = {label for market in quotes.values() for label, shown in market.items() if shown.status == "scratched"}
    return said | {entry.label for entry in found.race.entries if entry.status in OUT}


def _prices(found: HkjcRace, quotes: dict[str, dict[str, odds.Quote]], out: set[str]) -> Iterator[Price]:
    """Status first: a scratched horse has no price in any market, whatever is still printed."""
    for entry in found.race.entries:
        for bet, market in MARKETS.items():
            absent = odds.Quote(None, "missing" if quotes[bet] else "active")
            shown = odds.SCRATCHED if entry.label in out else quotes[bet].get(entry.label, absent)
            yield Price(label=entry.label, market=market, price=shown.price, status=shown.status)


def _grids(
    by_bet: dict[str, Json], visit: Visit, found: HkjcRace, out: set[str]
) -> tuple[tuple[PairGrid, ...], ParseError | None]:
    asked = {bet: pool for bet in PAIRS if (pool := by_bet.get(bet)) is not None}
    try:
        grids = [_grid(bet, pool, visit, found, out) for bet, pool in asked.items()]
    except ParseError as error:
        return (), error
    return tuple(grid for grid in grids if grid.prices), None


def _grid(bet: str, pool: Json, visit: Visit, found: HkjcRace, out: set[str]) -> PairGrid:
    known = {entry.label for entry in found.race.entries}
    nodes = [
        (node["combString"].text(), _shown(node), f"{node.path}.oddsValue") for node in pool["oddsNodes"].elements()
    ]
    cells = pair_cells(nodes, PAIRS[bet], ",", known.__contains__)
    running = {pair: None if out & set(pair) else payout for pair, payout in cells.items()}
    return pair_grid(PAIRS[bet], running, currency=CURRENCY, fetched_at=visit.fetched_at, where=pool.path)
