"""One race of Rikstoto: win and place odds, twin odds, order of finish.

None of these answers says which race it is of: what is checked is that its start numbers are those of the start list,
and that its odds are not younger than the race day.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from scrapy.http import Response

from horses_scrapy import odds
from horses_scrapy.errors import ParseError
from horses_scrapy.items import OUT, Finisher, Market, OddsItem, PairGrid, Price, RaceItem, ResultItem
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.local_time import local_instant
from horses_scrapy.sources.pairs import PairForm, pair_grid
from horses_scrapy.sources.rikstoto_days import CURRENCY, SOURCE, UNIT, answer
from horses_scrapy.track_spider import Visit

TWIN_FORM = PairForm("quinella", UNIT, cap=299_999)
"""2999.99 fills 1467 of 2245 cells of a recorded triple grid: "this or more". The recorded twin grid has none."""


def parse_win(response: Response, visit: Visit, race: RaceItem) -> OddsItem:
    """The board by its win odds. A start without a line, or with odds 0.0, has no price yet."""
    lines = _by_number(answer(response), race)
    return OddsItem(
        track=race.track,
        race_date=race.race_date,
        race_number=race.race_number,
        source=SOURCE,
        url=response.url,
        fetched_at=visit.fetched_at,
        status=race.status,
        prices=_prices(lines, race, {"win_tote": "odds"}),
        source_time=_source_time(lines.values(), visit),
    )


def parse_place(response: Response, visit: Visit, race: RaceItem) -> tuple[Price, ...]:
    """The range of each start's place odds, to stand on the same board."""
    lines = _by_number(answer(response), race)
    _source_time(lines.values(), visit)
    for line in lines.values():
        low, high = line["minOdds"].quote().price, line["maxOdds"].quote().price
        if low is not None and high is not None and low > high:
            raise ParseError(f"{line.path}: from {line['minOdds'].value} to {line['maxOdds'].value} is no range")
    return _prices(lines, race, {"place_low": "minOdds", "place_high": "maxOdds"})


def parse_twin(response: Response, visit: Visit, board: OddsItem) -> PairGrid:
    """The unordered pairs that somebody has backed, without those of a scratched start."""
    runners = {price.label for price in board.prices}
    out = {price.label for price in board.prices if price.status == "scratched"}
    cells: dict[tuple[str, str], int | None] = {}
    for line in answer(response).elements():
        pair = (str(line["startNumber1"].whole()), str(line["startNumber2"].whole()))
        if not set(pair) <= runners or pair[0] == pair[1] or pair in cells or pair[::-1] in cells:
            raise ParseError(f"{line.path}: each pair of two starts once is expected, not {'-'.join(pair)}")
        cells[pair] = None if set(pair) & out else _payout(line["odds"])
    where = f"{response.url}: result"
    return pair_grid(TWIN_FORM, cells, currency=CURRENCY, fetched_at=visit.fetched_at, where=where)


def parse_finish(response: Response, visit: Visit, race: RaceItem) -> ResultItem | None:
    """The order of finish, by the start list's horses; None until there is a winner. Documented by one reader only.

    Its `odds` are not read as pay-offs: nobody tells in what unit and of which pool they are.
    """
    names = {entry.program_number: entry.horse.casefold() for entry in race.entries}
    finishers = []
    for line in answer(response)["results"].elements():
        number, horse = str(line["startNumber"].whole()), line["horseName"].text()
        if names.get(number) != horse.casefold():
            raise ParseError(f"{line.path}: start {number} is {names.get(number)} in the start list, not {horse}")
        place = line.get("place")
        if place is not None and place.whole() > 0:
            finishers.append(Finisher(position=place.whole(), program_number=number))
    if not any(finisher.position == 1 for finisher in finishers):
        return None
    return ResultItem(
        track=race.track,
        race_date=race.race_date,
        race_number=race.race_number,
        source=SOURCE,
        url=response.url,
        fetched_at=visit.fetched_at,
        status="official",
        finishers=tuple(sorted(finishers, key=lambda finisher: finisher.position)),
    )


def _by_number(lines: Json, race: RaceItem) -> dict[str, Json]:
    found: dict[str, Json] = {}
    starts = {entry.program_number for entry in race.entries}
    for line in lines.elements():
        number = str(line["startNumber"].whole())
        if number not in starts or number in found:
            raise ParseError(f"{line.path}.startNumber: each start of the list once is expected, not {number}")
        found[number] = line
    return found


def _prices(lines: Mapping[str, Json], race: RaceItem, markets: Mapping[Market, str]) -> tuple[Price, ...]:
    """Status first: what the start list calls scratched has no price."""
    prices = []
    for entry in race.entries:
        line = lines.get(entry.program_number)
        for market, field in markets.items():
            quote = odds.NOT_QUOTED if line is None else line[field].quote()
            if entry.status in OUT:
                quote = odds.SCRATCHED
            prices.append(Price(label=entry.label, market=market, price=quote.price, status=quote.status))
    return tuple(prices)


def _payout(node: Json) -> int | None:
    price = node.quote().price
    if price is not None and price % 10:
        raise ParseError(f"{node.path}: odds of two decimals are expected, not {node.value}")
    return None if price is None else price // 10


def _source_time(lines: Iterable[Json], visit: Visit) -> datetime | None:
    """The youngest `lastUpdated`, local time. Odds of a later day are of another meeting."""
    stamps = [(line["lastUpdated"].text(), line) for line in lines]
    if not stamps:
        return None
    stamp, line = max(stamps, key=lambda one: one[0])
    where = f"{line.path}.lastUpdated"
    instant = local_instant(stamp, visit.track.timezone, where)
    if stamp[:10] > visit.race_date.isoformat():
        raise ParseError(f"{where}: {visit.race_date} was asked for, the odds are of {stamp}")
    return instant
