"""ATG's racing information (Sweden): calendar, win and place odds, pair odds, pay-outs. JSON.

Odds are hundredths (464 is 4.64, stake included), turnover is in oere, times are Swedish without an offset. Pools are
merged: the turnover shown is that of all bets together. A race is found by the calendar (track name), read from
games/vinnare_<race> (card, odds, pools, result), and its pairs from games/komb_<race> or tvilling_<race>
(`options.pairs`: komb, the default, or tvilling): two requests for a poll of one race.
Checked against a recorded game of September 2024 with its results (seven races). Only documented: the calendar, the
state before and during a race (its status words, the sentinel 9999), the pair matrix.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from scrapy.http import Request, Response

from horses_scrapy.items import AnyItem, OddsItem, PairGrid, RaceItem, Source
from horses_scrapy.sources.atg_calendar import API, calendar_url, parse_calendar
from horses_scrapy.sources.atg_names import SOURCE
from horses_scrapy.sources.atg_pairs import pair_game, parse_combos
from horses_scrapy.sources.atg_race import find_race, offered, parse_board, parse_card
from horses_scrapy.sources.atg_result import parse_result
from horses_scrapy.sources.board_then_pairs import BoardThenPairs
from horses_scrapy.sources.json_body import read_json


class AtgSpider(BoardThenPairs):
    source: ClassVar[Source] = SOURCE
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pair_game = pair_game(self.track.options.get("pairs", "komb"))

    def card_requests(self) -> Iterator[Request]:
        yield self.get(calendar_url(self.track.base_url, self.race_date), self.calendar, card=True)

    def calendar(self, response: Response) -> Iterator[AnyItem | Request]:
        card = []
        for race in parse_calendar(response, self.visit(response)):
            card.append(race)
            yield race
            if self.reads(race) and race.status != "cancelled":
                yield self.get(self._game_url(race, "vinnare"), self.game, race_number=race.race_number, race=race)
        self.check_asked(card)

    def game(self, response: Response, race: RaceItem) -> Iterator[AnyItem | Request]:
        """The race with its entries, its board, which waits for the pairs while they can still change, and its result."""
        visit = self.visit(response)
        found = find_race(read_json(response), visit, race)
        card = parse_card(found, response, visit, race)
        board = parse_board(found, response, visit, card)
        result = parse_result(found, response, visit, card)
        yield card
        if self.wants("boards"):
            if board.status in {"open", "closed"} and self.pair_game in offered(found):
                url = self._game_url(race, self.pair_game)
                yield self.pairs_request(url, board, race_id=race.source_key)
            else:
                yield board
        if result is not None and self.wants("results"):
            yield result

    def parse_pairs(self, response: Response, board: OddsItem, **context: Any) -> PairGrid:
        return parse_combos(response, self.visit(response), context["race_id"], self.pair_game, board)

    def _game_url(self, race: RaceItem, bet: str) -> str:
        return f"{self.track.base_url}{API}/games/{bet}_{race.source_key}"
