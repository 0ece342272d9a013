"""A board that waits for one page of pair prices and goes out without them, flagged `no_pairs`, where that page fails."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from scrapy.http import Request, Response
from twisted.python.failure import Failure

from horses_scrapy.errors import SourceError
from horses_scrapy.items import AnyItem, OddsItem, PairGrid
from horses_scrapy.sources.pairs import without_pairs
from horses_scrapy.track_spider import TrackSpider


class BoardThenPairs(TrackSpider):
    """Base of sources that ask for the pair prices of a race after its board. `context` goes from page to page by name."""

    def parse_pairs(self, response: Response, board: OddsItem, **context: Any) -> PairGrid | None:
        """The grid of a pair page; None where the site says that it has none. Raises SourceError."""
        raise NotImplementedError

    def complete(self, board: OddsItem, **context: Any) -> Iterable[AnyItem | Request]:  # noqa: ARG002
        """What follows a finished board."""
        yield board

    def pairs_request(self, url: str, board: OddsItem, **context: Any) -> Request:
        request = self.get(url, self.read_pairs, race_number=board.race_number, board=board, **context)
        return request.replace(errback=self.pairs_failed)

    def read_pairs(self, response: Response, board: OddsItem, **context: Any) -> Iterator[AnyItem | Request]:
        try:
            grid = self.parse_pairs(response, board, **context)
        except SourceError:
            yield from self.complete(without_pairs(board), **context)
            raise
        if grid is None or not grid.prices:
            yield from self.complete(without_pairs(board), **context)
        else:
            yield from self.complete(replace(board, grids=(grid,)), **context)

    def pairs_failed(self, failure: Failure) -> Iterator[AnyItem | Request]:
        """The failure is noted; the board's prices are good without the grid."""
        context = dict(self.failed_with(failure))
        yield from self.complete(without_pairs(context.pop("board")), **context)
