"""The Hong Kong Jockey Club's GraphQL service: meeting, win and place odds, quinella and forecast, pools. JSON by POST.

Decimal odds for 1, stake included, as displayed: one decimal below 10, whole numbers above. WIN is the tote's win price
(win_tote), PLA its place price (place_low; there is no upper bound). Pairs are given as what HK$10 pay. Money is HKD; a
merged pool is one pool. Times carry their offset, +08:00. Tracks: ST (Sha Tin), HV (Happy Valley).

Checked on recorded answers of March 2026, before selling had started: meeting, runners, stand-bys, empty pools, and a
meeting that was not asked for. Filled odds, SCR, investments, results and the words RESULT, START_SELL and Scratched are
known from other people's parsers only. Dividends are not among the documented fields. hkjc_legacy.py reads recordings of
the service that this one replaced, in which all those numbers are filled.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from scrapy.http import Request, Response
from twisted.python.failure import Failure

from horses_scrapy.errors import SourceError
from horses_scrapy.items import AnyItem, OddsItem, Source
from horses_scrapy.sources import hkjc_queries
from horses_scrapy.sources.hkjc_board import parse_investments, parse_odds
from horses_scrapy.sources.hkjc_meeting import HkjcRace, parse_meeting, parse_result
from horses_scrapy.sources.hkjc_odds import SOURCE
from horses_scrapy.track_spider import TrackSpider


class HkjcSpider(TrackSpider):
    """The meeting once, then two requests for each board: odds of all four bets, money of the pools."""

    source: ClassVar[Source] = SOURCE
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json"}
    status_on_card = True

    def card_requests(self) -> Iterator[Request]:
        query = hkjc_queries.meeting(self.track.source_key, self.race_date)
        yield self.post_json(self._url, query, self.meeting, card=True)

    @property
    def _url(self) -> str:
        return f"{self.track.base_url}/graphql/base/"

    def meeting(self, response: Response) -> Iterator[AnyItem | Request]:
        card = []
        for found in parse_meeting(response, self.visit(response)):
            card.append(found.race)
            yield found.race
            if self.wanted(found.race):
                yield from self._of_race(found)
        self.check_asked(card)

    def _of_race(self, found: HkjcRace) -> Iterator[AnyItem | Request]:
        if self.wants("boards"):
            query = hkjc_queries.odds(*self._asked_of(found))
            yield self.post_json(self._url, query, self.odds, race_number=found.race.race_number, found=found)
        else:
            yield from self._result(found)

    def odds(self, response: Response, found: HkjcRace) -> Iterator[AnyItem | Request]:
        """The board waits for its pools; a result waits for its board, which is the last one."""
        board, fault = parse_odds(response, self.visit(response), found)
        if fault is not None:
            self.note(fault, f"{fault} ({response.url})")
        if board is None:
            yield from self._result(found)
            return
        context: dict[str, Any] = {"race_number": found.race.race_number, "found": found, "board": board}
        query = hkjc_queries.investments(*self._asked_of(found))
        request = self.post_json(self._url, query, self.investments, **context)
        yield request.replace(errback=self.investments_failed)

    def investments(self, response: Response, found: HkjcRace, board: OddsItem) -> Iterator[AnyItem]:
        try:
            whole = parse_investments(response, board, found)
        except SourceError:
            yield from self._complete(board, found)
            raise
        yield from self._complete(whole, found)

    def investments_failed(self, failure: Failure) -> Iterator[AnyItem]:
        """The odds are good without the pools' money."""
        context = self.failed_with(failure)
        yield from self._complete(context["board"], context["found"])

    def _complete(self, board: OddsItem, found: HkjcRace) -> Iterator[AnyItem]:
        yield board
        yield from self._result(found)

    def _result(self, found: HkjcRace) -> Iterator[AnyItem]:
        result = parse_result(found) if self.wants("results") else None
        if result is not None:
            yield result

    def _asked_of(self, found: HkjcRace) -> tuple[str, Any, int]:
        return self.track.source_key, self.race_date, found.race.race_number
