"""Races of Betfair's listMarketBook: card, board and winner of each, joined with the catalogue by selection id.

Status first: a runner that is REMOVED in either market of its race has no price in both. A market that is suspended before
the off stays `open` (a withdrawal suspends it for a minute); once it is bet in running, or its starting prices are settled,
the race is `closed` and its prices are those of betting in running. Settled, it tells the winners and nobody else's place.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scrapy.http import Response

from horses_scrapy.errors import ParseError
from horses_scrapy.items import AnyItem, Entry, Finisher, OddsItem, Pool, Price, RaceStatus, ResultItem
from horses_scrapy.sources.betfair_book import PLACE, RUNNER_STATUSES, WIN, Book, read_book
from horses_scrapy.sources.betfair_card import Race, race_item
from horses_scrapy.sources.betfair_rpc import NO_NUMBERS, SOURCE, minor, read_result, size
from horses_scrapy.sources.betfair_runner import Runner
from horses_scrapy.sources.json_body import Json, each_sound
from horses_scrapy.track_spider import Visit


def parse_books(response: Response, visit: Visit, races: Sequence[Race]) -> Iterator[AnyItem]:
    """Card, board and, once it is settled, result of each race. One that cannot be read costs no other."""
    nodes = _by_market(read_result(response), races)
    wins = {race.win: race for race in races}
    answered = [node for market_id, node in nodes.items() if market_id in wins]
    for items in each_sound(answered, lambda node: _race(wins[node["marketId"].text()], nodes, response, visit)):
        yield from items
    missing = [f"R{race.number} ({race.win})" for race in races if race.win not in nodes]
    if missing:
        raise ParseError(f"result: no book of {', '.join(missing)}")


def _by_market(nodes: Sequence[Json], races: Sequence[Race]) -> dict[str, Json]:
    """The answer's markets. One that was not asked for, or stands there twice, is a ParseError."""
    asked = {market for race in races for market in race.markets}
    found: dict[str, Json] = {}
    for node in nodes:
        market_id = node["marketId"].text()
        if market_id not in asked or market_id in found:
            raise ParseError(f"{node.path}.marketId: {market_id} was not asked for, or is given twice")
        found[market_id] = node
    return found


def _race(race: Race, nodes: Mapping[str, Json], response: Response, visit: Visit) -> list[AnyItem]:
    books = _books(race, nodes)
    out = {selection for book in books for selection in book.out()}
    runners = _joined(race, books)
    status = _race_status(books[0], runners, out)
    common: dict[str, Any] = {
        "track": visit.track.key,
        "race_date": visit.race_date,
        "race_number": race.number,
        "source": SOURCE,
        "url": response.url,
        "fetched_at": visit.fetched_at,
        "status": status,
    }
    entries = tuple(_entry(runner, books[0], runner.selection_id in out) for runner in runners)
    items: list[AnyItem] = [race_item(race, response, visit, status=status, entries=entries)]
    prices = tuple(price for runner in runners for price in _prices(runner, books, out))
    items.append(OddsItem(**common, prices=prices, pools=tuple(_pools(runners, books, out, visit.track.currency))))
    if status == "official":
        items.append(ResultItem(**common, finishers=_winners(books[0], runners)))
    return items


def _books(race: Race, nodes: Mapping[str, Json]) -> list[Book]:
    """The race's WIN book, then its PLACE book where it has one."""
    books = [read_book(nodes[race.win], WIN)]
    if race.place is not None:
        if race.place not in nodes:
            raise ParseError(f"result: no book of R{race.number}'s PLACE market {race.place}")
        books.append(read_book(nodes[race.place], PLACE))
    return books


def _joined(race: Race, books: Sequence[Book]) -> tuple[Runner, ...]:
    """The catalogue's runners, all of whom every book must have. Who is only in a book must be withdrawn: he has no name."""
    named = {runner.selection_id for runner in race.runners}
    for book in books:
        unknown = book.runners.keys() - named - book.out()
        missing = named - book.runners.keys()
        if unknown or missing:
            raise ParseError(
                f"{book.node.path}.runners: selections {sorted(unknown)} are not in the catalogue,"
                f" {sorted(missing)} not in the book"
            )
    return race.runners


def _race_status(win: Book, runners: Sequence[Runner], out: set[int]) -> RaceStatus:
    """A settled market without a winner is void if everybody was withdrawn; else its winner is still to come."""
    if win.status == "CLOSED":
        if win.winners():
            return "official"
        return "cancelled" if all(runner.selection_id in out for runner in runners) else "closed"
    if win.off:
        return "closed"
    return "scheduled" if win.status == "INACTIVE" else "open"


def _entry(runner: Runner, win: Book, out: bool) -> Entry:
    node = win.runners[runner.selection_id]
    removed = node.get("removalDate")
    return runner.entry(
        "scratched" if out else node["status"].one_of(RUNNER_STATUSES),
        scratched_at=removed.iso_instant() if removed is not None and out else None,
        reduction_factor=_reduction(node.get("adjustmentFactor")),
    )


def _reduction(node: Json | None) -> int | None:
    """Percent with three decimals, to the nearest hundredth."""
    if node is None or (isinstance(node.value, str) and node.value in NO_NUMBERS):
        return None
    factor = size(node)
    if factor > 100:
        raise ParseError(f"{node.path}: a reduction of {factor} percent")
    return minor(factor)


def _prices(runner: Runner, books: Sequence[Book], out: set[int]) -> Iterator[Price]:
    for book in books:
        if runner.selection_id in out:
            yield from book.no_prices(runner.program_number)
        else:
            yield from book.prices(runner.selection_id, runner.program_number)


def _pools(runners: Sequence[Runner], books: Sequence[Book], out: set[int], currency: str) -> Iterator[Pool]:
    for book in books:
        yield from book.total(currency)
        for runner in runners:
            if runner.selection_id not in out:
                yield from book.pools(runner.selection_id, runner.program_number, currency)


def _winners(win: Book, runners: Sequence[Runner]) -> tuple[Finisher, ...]:
    """Position 1 for each winner: two of a dead heat."""
    winners = win.winners()
    unnamed = winners - {runner.selection_id for runner in runners}
    if unnamed:
        raise ParseError(f"{win.node.path}.runners: winners {sorted(unnamed)} are not in the catalogue")
    return tuple(
        Finisher(position=1, program_number=runner.program_number)
        for runner in runners
        if runner.selection_id in winners
    )
