"""Win and place odds of a local track (NAR) on netkeiba: an HTML page, without pair prices and without its time."""

import re
from collections.abc import Iterator

from parsel import Selector
from scrapy.http import Response

from horses_scrapy import odds
from horses_scrapy.errors import ParseError
from horses_scrapy.items import Market, OddsItem, RaceItem
from horses_scrapy.sources.html_page import Row, html, text, the
from horses_scrapy.sources.netkeiba_odds import place_range, prices, quote, race_key
from horses_scrapy.sources.netkeiba_pages import CANCELLED, check_identity
from horses_scrapy.track_spider import Visit

NUMBER, HORSE, ODDS, FORECAST = "馬番", "馬名", "オッズ", "予想オッズ"
_RANGE = re.compile(r"([\d,.]+) - ([\d,.]+)", re.ASCII)


def nar_odds_url(base_url: str, key: str) -> str:
    return f"{base_url}/odds/index.html?type=b1&race_id={key}"


def parse_nar_board(response: Response, visit: Visit, race: RaceItem) -> OddsItem:
    """The board; without prices while the page shows a forecast. Nothing on it tells that the race is off."""
    page = html(response)
    where = f"{response.url}: odds"
    check_identity(page, visit, race.source_key, where)
    quotes: dict[Market, dict[str, odds.Quote]] = {"win_tote": {}, "place_low": {}, "place_high": {}}
    for label, shown in _cells(the(page, "#odds_tan_block table", where), race, where):
        quotes["win_tote"][label] = _quote(shown, f"{where}: win {label}")
    for label, shown in _cells(the(page, "#odds_fuku_block table", where), race, where):
        bounds = _range(shown, f"{where}: place {label}")
        quotes["place_low"][label], quotes["place_high"][label] = bounds
    quoted = any(shown.price is not None for told in quotes.values() for shown in told.values())
    return OddsItem(
        **race_key(visit, race),
        url=response.url,
        fetched_at=visit.fetched_at,
        status="open" if quoted else "scheduled",
        prices=tuple(prices(race, quotes, where)),
    )


def _cells(table: Selector, race: RaceItem, where: str) -> Iterator[tuple[str, str]]:
    """Program number and printed odds; nothing where they are a forecast, which stands in its own column or without a span."""
    names = {entry.program_number: entry.horse for entry in race.entries}
    seen = set()
    for line in _lines(table, where):
        number = text(line[NUMBER])
        if names.get(number) != text(line[HORSE]) or number in seen:
            raise ParseError(f"{where}: {number} {text(line[HORSE])} is on the board, the card has {names.get(number)}")
        seen.add(number)
        if ODDS in line:
            market = line[ODDS].css("span.Odds")
            shown = text(line[ODDS])
            if market or shown in CANCELLED:
                yield number, text(market[0]) if market else shown


def _lines(table: Selector, where: str) -> Iterator[Row]:
    """Rows by header text, so that columns may move."""
    head, *body = table.css("tr") or [table]
    headers = ["".join(text(cell).split()) for cell in head.css("th")]
    if (
        any(headers.count(column) != 1 for column in (NUMBER, HORSE))
        or headers.count(ODDS) + headers.count(FORECAST) != 1
    ):
        raise ParseError(f"{where}: {NUMBER}, {HORSE} and {ODDS} or {FORECAST} are expected once among {headers}")
    for line in body:
        cells = line.xpath("./td")
        if len(cells) != len(headers):
            raise ParseError(f"{where}: a row of {len(cells)} cells under {len(headers)} headers")
        yield dict(zip(headers, cells, strict=True))


def _quote(shown: str, where: str) -> odds.Quote:
    return odds.SCRATCHED if shown in CANCELLED else quote(shown, where)


def _range(shown: str, where: str) -> tuple[odds.Quote, odds.Quote]:
    """`6.8 - 8.5`."""
    match = _RANGE.fullmatch(shown)
    if match is not None:
        return place_range(match[1], match[2], where)
    single = _quote(shown, where)
    if single.price is not None:
        raise ParseError(f"{where}: a place from one price to another is expected, not {shown[:20]!r}")
    return single, single
