"""The synthetic tote's JavaScript board: pages that are empty until their script has fetched and drawn the board.

Read: /js/<date> (card) and /js/<date>/<n> (one race: entries, odds, pools, exacta matrix, result), one page per race. Odds as the
tote's other pages print them (board notation, display), times with their offset. The matrix is the other way round: a COLUMN
is the winner's (PAIRS, and its corner says so). Checked against the tote's ledger in a real Chromium.
"""

from collections.abc import Iterator
from dataclasses import replace

from scrapy.http import HtmlResponse, Request, Response

from horses_scrapy.errors import EmptyResponse, ParseError, SourceError
from horses_scrapy.items import OddsItem, PairGrid, RaceItem, ResultItem, Source
from horses_scrapy.sources import demo_pages
from horses_scrapy.sources.demo_pages import labels, payout
from horses_scrapy.sources.html_page import Row, cents, html, rows, text, the, the_text
from horses_scrapy.sources.pairs import PairForm, pair_grid, without_pairs
from horses_scrapy.sources.rendered import RenderedSpider
from horses_scrapy.track_spider import Visit

SOURCE = Source("rendered", "board", "display")
AXES = "2nd \\ 1st"
"""The corner of the matrix says which way round it is."""
OVER = frozenset({"unofficial", "official"})


class RenderedDemoSpider(RenderedSpider):
    source = SOURCE
    settled = "main[data-settled]"

    def card_requests(self) -> Iterator[Request]:
        yield self.render(page_url(self.track.base_url, self.race_date.isoformat()), self.read_card, card=True)

    def read_card(self, response: Response) -> Iterator[RaceItem | Request]:
        card = list(parse_card(response, self.visit(response)))
        yield from card
        for race in card:
            if self.reads(race):
                yield self.render(race.url, self.read_race, race_number=race.race_number, race=race)
        self.check_asked(card)

    def read_race(self, response: Response, race: RaceItem) -> Iterator[RaceItem | OddsItem | ResultItem]:
        """An official board ends its race, so the result goes first: without that, the next run comes again."""
        visit = self.visit(response)
        race = parse_entries(response, visit, race)
        board = parse_odds(response, visit, race)
        result = parse_results(response, visit, race) if board.status in OVER and self.wants("results") else None
        yield race
        if result is not None:
            yield result
        if self.wants("boards"):
            yield from self._with_pairs(response, board, race)

    def _with_pairs(self, response: Response, board: OddsItem, race: RaceItem) -> Iterator[OddsItem]:
        if not any(pool.bet_type == "exacta" and pool.amount > 0 for pool in board.pools):
            yield board
            return
        try:
            grid = parse_matrix(response, self.visit(response), race)
        except SourceError:
            yield without_pairs(board)
            raise
        yield replace(board, grids=(grid,))


def page_url(base_url: str, *parts: object) -> str:
    return "/".join((base_url, "js", *map(str, parts)))


def parse_card(response: Response, visit: Visit) -> Iterator[RaceItem]:
    """The day's races without their entries. Raises NoCard where the track does not race."""
    for race in demo_pages.parse_card(_drawn(response), visit):
        url = page_url(visit.track.base_url, visit.race_date.isoformat(), race.race_number)
        yield replace(race, source=SOURCE, url=url)


def parse_entries(response: Response, visit: Visit, race: RaceItem) -> RaceItem:
    return demo_pages.parse_entries(_drawn(response), visit, race)


def parse_odds(response: Response, visit: Visit, race: RaceItem) -> OddsItem:
    """The board without pair prices. `race` is the race with its entries."""
    return replace(demo_pages.parse_odds(_drawn(response), visit, race), source=SOURCE, url=race.url)


def parse_results(response: Response, visit: Visit, race: RaceItem) -> ResultItem:
    return replace(demo_pages.parse_results(_drawn(response), visit, race), source=SOURCE, url=race.url)


def parse_matrix(response: Response, visit: Visit, race: RaceItem) -> PairGrid:
    """Probables of every pair that has money. The matrix must hold each interest that the page calls running."""
    page = demo_pages.page_of(_drawn(response), visit, race.race_number)
    where = f"{response.url}: matrix"
    out = the_text(page, ".scratched", where).split(", ")
    running = [label for label in labels(race) if label not in out]
    lines = list(rows(the(page, "table.matrix", where), (AXES, *running), where))
    matrix = {text(line.pop(AXES)): line for line in lines}
    if len(lines) != len(running) or matrix.keys() != set(running) or any(len(line) != len(running) for line in lines):
        raise ParseError(f"{where}: {len(lines)} rows {list(matrix)}, the interests running are {running}")
    form = PairForm("exacta", base=cents(the_text(page, ".base", where), where), first="column")
    cells = {(row, column): pays for row, line in matrix.items() for column, pays in _cells(row, line, where)}
    return pair_grid(form, cells, currency=visit.track.currency, fetched_at=visit.fetched_at, where=where)


def _cells(row: str, line: Row, where: str) -> Iterator[tuple[str, int | None]]:
    """A row of the matrix by column: blank against itself, and only there; a dash where nobody has bet."""
    for column, cell in line.items():
        shown = text(cell)
        if (shown == "") != (row == column):
            raise ParseError(f"{where}: {shown!r} in row {row}, column {column}")
        yield column, None if shown in {"", "-"} else payout(shown, f"{where}: row {row}, column {column}")


def _drawn(response: Response) -> HtmlResponse:
    """The page, if its script could draw it."""
    page = html(response)
    if page.css(".failed"):
        raise EmptyResponse(f"{response.url}: {the_text(page, '.failed', response.url)}")
    return page
