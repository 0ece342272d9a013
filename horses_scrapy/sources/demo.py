"""The synthetic tote's site, read as a track's own pages are. Shared by every track that the synthetic tote plays.

Pages: /card/<date>, and /race/<date>/<n>/ with entries, odds, exacta and results; demo_pages.py reads them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from scrapy.http import Request, Response
from twisted.python.failure import Failure

from horses_scrapy.errors import SourceError
from horses_scrapy.items import OUT, OddsItem, RaceItem, ResultItem
from horses_scrapy.sources.demo_pages import (
    SOURCE,
    parse_card,
    parse_entries,
    parse_exacta,
    parse_odds,
    parse_results,
    race_url,
)
from horses_scrapy.sources.pairs import without_pairs
from horses_scrapy.track_spider import TrackSpider

__all__ = ["SOURCE", "DemoSpider", "parse_card", "parse_entries", "parse_exacta", "parse_odds", "parse_results"]


class DemoSpider(TrackSpider):
    """Card, then for each race its entries, odds and exacta grid, chained: one board holds what one visit saw."""

    source = SOURCE

    def card_requests(self) -> Iterator[Request]:
        yield self.get(f"{self.track.base_url}/card/{self.race_date.isoformat()}", self.read_card, card=True)

    def read_card(self, response: Response) -> Iterator[RaceItem | Request]:
        card = list(parse_card(response, self.visit(response)))
        yield from card
        yield from (self._page(race, "entries", self.read_entries) for race in card if self.reads(race))
        self.check_asked(card)

    def read_entries(self, response: Response, race: RaceItem) -> Iterator[RaceItem | Request]:
        """The entries wait for the board, whose horses must be the same: so no name can stand under another's number."""
        entered = parse_entries(response, self.visit(response), race)
        if self.asked.only == "card":
            yield entered
        else:
            yield self._page(entered, "odds", self.read_odds, carded=race)

    def read_odds(
        self, response: Response, race: RaceItem, carded: RaceItem
    ) -> Iterator[RaceItem | OddsItem | Request]:
        """Entries are older than the board, by minutes where they were kept: where they know less, they are read again.

        `carded` is the race without its entries.
        """
        board = parse_odds(response, self.visit(response), race)
        if scratched_on(board) == scratched_in(race):
            yield race
            yield from self._with_grid(board, race)
            return
        request = self._page(
            carded, "entries", self.read_entries_again, fresh=True, odds=response, board=board, stale=race
        )
        yield request.replace(errback=self.entries_failed)

    def read_entries_again(
        self, response: Response, race: RaceItem, odds: Response, board: OddsItem, stale: RaceItem
    ) -> Iterator[RaceItem | OddsItem | Request]:
        """Should the pages still disagree, each is believed in its own matters."""
        try:
            entered = parse_entries(response, self.visit(response), race)
            board = parse_odds(odds, self.visit(odds), entered)
        except SourceError:
            yield from self._with_grid(board, stale)
            raise
        yield entered
        yield from self._with_grid(board, entered)

    def entries_failed(self, failure: Failure) -> Iterator[OddsItem | Request]:
        """The board is good as it is; of the entries nothing new is known, so none go out."""
        context = self.failed_with(failure)
        yield from self._with_grid(context["board"], context["stale"])

    def _with_grid(self, board: OddsItem, race: RaceItem) -> Iterator[OddsItem | Request]:
        if any(pool.bet_type == "exacta" and pool.amount > 0 for pool in board.pools):
            request = self._page(race, "exacta", self.read_exacta, board=board)
            yield request.replace(errback=self.exacta_failed)
        else:
            yield from self._complete(board, race)

    def read_exacta(self, response: Response, race: RaceItem, board: OddsItem) -> Iterator[OddsItem | Request]:
        try:
            grid = parse_exacta(response, self.visit(response), race)
        except SourceError:
            yield from self._complete(without_pairs(board), race)
            raise
        yield from self._complete(replace(board, grids=(grid,)), race)

    def exacta_failed(self, failure: Failure) -> Iterator[OddsItem | Request]:
        """The board's prices are good without the grid: it goes out, and says that the pairs are missing."""
        context = self.failed_with(failure)
        yield from self._complete(without_pairs(context["board"]), context["race"])

    def read_results(
        self, response: Response, race: RaceItem, board: OddsItem | None = None
    ) -> Iterator[ResultItem | OddsItem]:
        yield parse_results(response, self.visit(response), race)
        if board is not None:
            yield board

    def _complete(self, board: OddsItem, race: RaceItem) -> Iterator[OddsItem | Request]:
        """An official board ends its race, so it waits for the result: without that, the next run comes again."""
        if board.status == "official":
            yield self._page(race, "results", self.read_results, board=board)
            return
        yield board
        if board.status == "unofficial":
            yield self._page(race, "results", self.read_results)

    def _page(self, race: RaceItem, page: str, callback: Callable[..., Any], **context: Any) -> Request:
        """Races in their order, each to its end: the grid then follows its odds at once."""
        url = race_url(self.track, self.race_date, race.race_number, page)
        return self.get(url, callback, card=page == "entries", race_number=race.race_number, race=race, **context)


def scratched_on(board: OddsItem) -> set[str]:
    return {price.label for price in board.prices if price.status == "scratched"}


def scratched_in(race: RaceItem) -> set[str]:
    """Interests none of whose horses will run."""
    running = {entry.label for entry in race.entries if entry.status not in OUT}
    return {entry.label for entry in race.entries} - running
