"""Numbers of netkeiba as JRA's JSON and the local tracks' HTML print them, and JRA's odds.

Odds for 1, stake included; a pair's price is given here as what 100 yen pay, the stake that pay-offs are declared for. The
yen has no minor unit.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from scrapy.http import Response

from horses_scrapy import odds
from horses_scrapy.errors import ParseError, UnknownOdds
from horses_scrapy.items import OUT, Market, OddsItem, PairGrid, Price, PriceStatus, RaceItem, RaceStatus, Source
from horses_scrapy.sources.json_body import Json, read_json
from horses_scrapy.sources.local_time import local_instant
from horses_scrapy.sources.pairs import PairForm, pair_grid
from horses_scrapy.track_spider import Visit

SOURCE = Source("netkeiba", "decimal", "display")
CURRENCY = "JPY"
ZONE = "Asia/Tokyo"
CAP = 9_999_990
"""99999.9: the most that a pair's odds show, in yen for 100 yen."""
WIN, PLACE = "1", "2"
PAIRS = {"4": PairForm("quinella", base=100, cap=CAP), "6": PairForm("exacta", base=100, cap=CAP)}
"""By number of the bet. `0704` is 7 first, 4 second."""
STATUSES: dict[str, RaceStatus] = {"yoso": "scheduled", "middle": "open", "result": "official"}
"""A forecast before selling, the market, and the final odds, which come with the official result."""
FORECAST = "yoso"

_OUT = frozenset({"-2.0", "-3.0"})
_UNPRICED = frozenset({"---.-", "0.0", "0", "1.0"})
_PRICE = re.compile(r"(\d{1,6}|\d{1,3},\d{3})\.\d", re.ASCII)
_RANK = re.compile(r"[1-9]\d{0,3}", re.ASCII)
_UNRANKED = 9999


def quote(shown: str, where: str) -> odds.Quote:
    """`9.0`, `1,141.1`, always with one decimal, lest a page cut short makes 10.4 a 10.

    `---.-` is not priced yet, `-3.0` and `-2.0` are scratched, and 1.0 gives no more than the stake back.
    """
    text = shown.strip()
    if text in _OUT:
        return odds.SCRATCHED
    if text in _UNPRICED:
        return odds.NOT_QUOTED
    try:
        if _PRICE.fullmatch(text):
            return odds.parse_decimal(text)
    except UnknownOdds as error:
        raise ParseError(f"{where}: {error}") from error
    raise ParseError(f"{where}: odds such as 9.0 or 1,141.1, ---.-, -3.0 or -2.0 are expected, not {text[:20]!r}")


def place_range(low: str, high: str, where: str) -> tuple[odds.Quote, odds.Quote]:
    """What a place pays at least and at most, which depends on the other placed horses."""
    bounds = quote(low, where), quote(high, where)
    if bounds[0].price is not None and bounds[1].price is not None and bounds[0].price > bounds[1].price:
        raise ParseError(f"{where}: a place from {low} to {high}")
    return bounds


def prices(race: RaceItem, quotes: dict[Market, dict[str, odds.Quote]], where: str) -> Iterator[Price]:
    """Every runner in every market. Status first: one that is scratched, on the card or here, has no price in any.

    A number that no runner has is a ParseError; a runner without odds among those of others is `missing`.
    """
    labels = [entry.label for entry in race.entries]
    strange = {label for told in quotes.values() for label in told} - set(labels)
    if strange:
        raise ParseError(
            f"{where}: odds of {', '.join(sorted(strange))}, who are no runners of race {race.race_number}"
        )
    out = {entry.label for entry in race.entries if entry.status in OUT}
    out |= {label for told in quotes.values() for label, shown in told.items() if shown.status == "scratched"}
    for label in labels:
        for market, told in quotes.items():
            absent: PriceStatus = "missing" if told else "active"
            shown = odds.SCRATCHED if label in out else told.get(label, odds.Quote(None, absent))
            yield Price(label=label, market=market, price=shown.price, status=shown.status)


def parse_win_place(response: Response, visit: Visit, race: RaceItem) -> OddsItem:
    """The board of JRA without pair prices. A forecast (`yoso`) is no market: its board has no price."""
    document = read_json(response)
    status = document["status"].one_of(STATUSES)
    quotes: dict[Market, dict[str, odds.Quote]] = {"win_tote": {}, "place_low": {}, "place_high": {}}
    source_time = None
    if document["status"].text() != FORECAST:
        data = document["data"]
        source_time = _source_time(data["official_datetime"], status, visit)
        for label, cell in _cells(data["odds"], WIN, 1):
            quotes["win_tote"][label] = _only(cell)
        for label, (low, high, _) in _cells(data["odds"], PLACE, 1):
            bounds = place_range(low.text(), high.text(), low.path)
            quotes["place_low"][label], quotes["place_high"][label] = bounds
    return OddsItem(
        **race_key(visit, race),
        url=response.url,
        fetched_at=visit.fetched_at,
        status=status,
        prices=tuple(prices(race, quotes, response.url)),
        source_time=source_time,
    )


def parse_pairs(response: Response, visit: Visit, race: RaceItem, bet: str) -> PairGrid | None:
    """Quinella (4) or exacta (6) of JRA; None while they are a forecast. Pairs with a scratched horse are left out."""
    document = read_json(response)
    status = document["status"].one_of(STATUSES)
    if document["status"].text() == FORECAST:
        return None
    data, form = document["data"], PAIRS[bet]
    _source_time(data["official_datetime"], status, visit)
    running = {entry.label: entry.status not in OUT for entry in race.entries}
    cells: dict[tuple[str, str], int | None] = {}
    for name, cell in _cells(data["odds"], bet, 2):
        first, _, second = name.partition("-")
        if first not in running or second not in running or first == second:
            raise ParseError(f"{cell[0].path}: {name} are not two runners of race {race.race_number}")
        price = _only(cell).price
        cells[first, second] = price // 10 if price is not None and running[first] and running[second] else None
    return pair_grid(form, cells, currency=CURRENCY, fetched_at=visit.fetched_at, where=response.url)


def race_key(visit: Visit, race: RaceItem) -> dict[str, Any]:
    return {
        "track": visit.track.key,
        "race_date": visit.race_date,
        "race_number": race.race_number,
        "source": SOURCE,
    }


def _source_time(node: Json, status: RaceStatus, visit: Visit) -> datetime | None:
    """Japan time without offset. It is all that tells whose odds they are: final odds are of the day itself, none are later."""
    instant = local_instant(node.text(), ZONE, node.path)
    day = instant.astimezone(ZoneInfo(ZONE)).date() if instant is not None else visit.race_date
    if day > visit.race_date or (status == "official" and day != visit.race_date):
        raise ParseError(f"{node.path}: odds of {visit.race_date} were asked for, these are of {day}")
    return instant


def _cells(tables: Json, bet: str, numbers: int) -> Iterator[tuple[str, list[Json]]]:
    """Each `"0407": [odds, second, rank]` as `4-7`. Ranks follow the odds, or a value stands in another's place."""
    table = tables[bet]
    if not isinstance(table.value, dict):
        raise ParseError(f"{table.path}: an object is expected")
    ranked = []
    for key in table.value:
        cell = table[key].elements()
        if re.fullmatch(rf"(?:\d\d){{{numbers}}}", key, re.ASCII) is None or len(cell) != 3:
            raise ParseError(f"{table.path}.{key}: {numbers} numbers of two digits and three values are expected")
        price, rank = quote(cell[0].text(), cell[0].path).price, _rank(cell[2])
        if price is not None and rank != _UNRANKED:
            ranked.append((rank, price))
        yield "-".join(str(int(key[at : at + 2])) for at in range(0, len(key), 2)), cell
    in_order = [price for _, price in sorted(ranked)]
    if in_order != sorted(in_order) or len({rank for rank, _ in ranked}) < len(ranked):
        raise ParseError(f"{table.path}: the ranks do not follow the odds")


def _rank(node: Json) -> int:
    text = node.text()
    if _RANK.fullmatch(text) is None:
        raise ParseError(f"{node.path}: a rank is expected, not {text[:20]!r}")
    return int(text)


def _only(cell: list[Json]) -> odds.Quote:
    """Odds without a range: the second value is 0, or says again that nothing is quoted."""
    if quote(cell[1].text(), cell[1].path).price is not None:
        raise ParseError(f"{cell[1].path}: 0.0 is expected, not {cell[1].text()[:20]!r}")
    return quote(cell[0].text(), cell[0].path)
