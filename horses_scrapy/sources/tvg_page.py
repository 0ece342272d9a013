"""TVG's page of one race as a browser shows it: program, pools, exacta probables, result. HTML, read by its Angular bindings.

For a source that renders the page. Odds are profit per 1 (`13`, `1/2`); money is whole dollars; probables are for a dollar,
and a COLUMN is the horse that wins: the rows below the numbers have none of their own, row k is that of runner k. Pay-offs
are for two dollars. Checked on the recorded parts of an Australian harness race of 2022 with nine runners, and on the header
of another race; the page says neither its date nor its post time nor its age.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from scrapy.http import HtmlResponse, Response

from horses_scrapy.errors import ParseError
from horses_scrapy.items import AnyItem, OddsItem, PairGrid, Price, RaceItem, RaceStatus, ResultItem
from horses_scrapy.sources.html_page import html
from horses_scrapy.sources.pairs import without_pairs
from horses_scrapy.sources.tvg_page_parts import (
    Runner,
    parse_details,
    parse_pools,
    parse_probables,
    parse_results,
    parse_summary,
)
from horses_scrapy.track_spider import Visit

__all__ = ["Runner", "parse_board", "parse_details", "parse_pools", "parse_probables", "parse_results", "parse_summary"]


def parse_board(response: Response, visit: Visit, race: RaceItem) -> Iterator[AnyItem]:
    """The race with its entries, its board, and its result once there is one, from a page that holds all its parts.

    `race` tells the post time and, by its `source`, whose items these are. Another track or race is a ParseError. Probables
    that cannot be read do not cost the board: it goes out flagged `no_pairs`, ParseError at the end.
    """
    page = html(response)
    runners = parse_summary(page, (visit.track.source_key, race.race_number))
    result = _result(page, runners, race, response, visit)
    status = _status(runners, result, race, visit)
    board = OddsItem(
        **_key(race, response, visit),
        status=status,
        prices=_prices(runners),
        pools=parse_pools(page, runners, visit.track.currency),
    )
    fault: ParseError | None = None
    grid: PairGrid | None = None
    try:
        grid = parse_probables(page, runners, visit.track.currency, visit.fetched_at)
    except ParseError as error:
        fault = error
    card = replace(race, fetched_at=visit.fetched_at, status=status, entries=tuple(runner.entry for runner in runners))
    yield replace(card, race_type=parse_details(page) or race.race_type)
    if grid is None:
        yield without_pairs(board)
    else:
        yield replace(board, grids=(grid,))
    if result is not None:
        yield result
    if fault is not None:
        raise fault


def _key(race: RaceItem, response: Response, visit: Visit) -> dict[str, Any]:
    return {
        "track": race.track,
        "race_date": race.race_date,
        "race_number": race.race_number,
        "source": race.source,
        "url": response.url,
        "fetched_at": visit.fetched_at,
    }


def _result(
    page: HtmlResponse, runners: tuple[Runner, ...], race: RaceItem, response: Response, visit: Visit
) -> ResultItem | None:
    finishers, payoffs = parse_results(page, runners, visit.track.currency)
    if not finishers:
        return None
    status: Any = "official" if payoffs else "unofficial"
    return ResultItem(**_key(race, response, visit), status=status, finishers=finishers, payoffs=payoffs)


def _status(runners: tuple[Runner, ...], result: ResultItem | None, race: RaceItem, visit: Visit) -> RaceStatus:
    """Results say most; then whether the page takes bets; where it takes none, the race is off, or not open yet."""
    if result is not None:
        return result.status
    if any(runner.open for runner in runners):
        return "open"
    if race.post_time is None:
        return race.status
    return "closed" if race.post_time <= visit.fetched_at else "scheduled"


def _prices(runners: tuple[Runner, ...]) -> tuple[Price, ...]:
    """One price for each interest: that of the horses of it that run, which must agree."""
    found: dict[str, Price] = {}
    for runner in runners:
        label, before = runner.entry.label, found.get(runner.entry.label)
        made = Price(label=label, market="win_tote", price=runner.quote.price, status=runner.quote.status)
        if before is not None and "scratched" not in {before.status, made.status} and before != made:
            raise ParseError(f"interest {label} is shown at {before.price} and at {made.price} thousandths")
        if before is None or before.status == "scratched":
            found[label] = made
    return tuple(found.values())
