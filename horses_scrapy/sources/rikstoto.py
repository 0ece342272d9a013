"""Norsk Rikstoto (Norway): race days, start lists, win, place and twin odds, order of finish. JSON.

Decimal odds for 1 krone, stake included; 0.0 is no bet. Local times without an offset. A twin is an unordered pair.
The card is racedays (all tracks) and the track's start lists; a poll of one race costs two requests beyond it: win odds,
then twin odds (`options.second`: twin, the default, or place). The size of the pools is not read.
Checked against recorded answers of May and June 2021: race days, win, place and twin odds. Only documented: the start
lists (horse names and scratches stand nowhere else: a race without one gets no board) and the order of finish.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from scrapy.http import Request, Response
from twisted.python.failure import Failure

from horses_scrapy.errors import ConfigError, ParseError, SourceError
from horses_scrapy.items import AnyItem, OddsItem, PairGrid, RaceItem, ResultItem, Source
from horses_scrapy.sources.board_then_pairs import BoardThenPairs
from horses_scrapy.sources.rikstoto_board import parse_finish, parse_place, parse_twin, parse_win
from horses_scrapy.sources.rikstoto_days import SOURCE, TWIN, RaceDay, parse_race_days, parse_starts

SECOND = frozenset({"twin", "place"})


class RikstotoSpider(BoardThenPairs):
    source: ClassVar[Source] = SOURCE
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json"}
    status_on_card = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.second = self.track.options.get("second", "twin")
        if self.second not in SECOND:
            raise ConfigError(f"tracks.yaml: options: second={self.second}: one of place, twin is expected")

    def card_requests(self) -> Iterator[Request]:
        yield self.get(f"{self.track.base_url}/api/racedays/", self.race_days, card=True)

    def race_days(self, response: Response) -> Iterator[AnyItem | Request]:
        """Races and posts go out at once: they are good without the start lists."""
        day = parse_race_days(response, self.visit(response))
        yield from day.races
        url = f"{self.track.base_url}/api/racedays/{day.key}/starts"
        yield self.get(url, self.starts, card=True, day=day)
        if day.fault is not None:
            raise ParseError(day.fault)
        self.check_asked(day.races)

    def starts(self, response: Response, day: RaceDay) -> Iterator[AnyItem | Request]:
        for race in parse_starts(response, self.visit(response), day):
            yield race
            if not self.wanted(race):
                continue
            if self.wants("boards"):
                has_twin = (race.race_number, TWIN) in day.products
                url = self._game_url(race, "betdistribution/winodds")
                yield self.get(url, self.win_odds, race_number=race.race_number, race=race, has_twin=has_twin)
            else:
                yield from self._ending(race)

    def win_odds(self, response: Response, race: RaceItem, has_twin: bool) -> Iterator[AnyItem | Request]:
        """The board, which waits for its second page while a bet can still change it."""
        board = parse_win(response, self.visit(response), race)
        moving = race.status in {"open", "closed"}
        if moving and self.second == "place":
            url = self._game_url(race, "betdistribution/placeodds")
            request = self.get(url, self.place_odds, race_number=race.race_number, race=race, board=board)
            yield request.replace(errback=self.place_failed)
        elif moving and has_twin:
            yield self.pairs_request(self._game_url(race, "odds/tv"), board, race=race)
        else:
            yield from self.complete(board, race=race)

    def place_odds(self, response: Response, race: RaceItem, board: OddsItem) -> Iterator[AnyItem | Request]:
        try:
            prices = parse_place(response, self.visit(response), race)
        except SourceError:
            yield from self.complete(board, race=race)
            raise
        yield from self.complete(replace(board, prices=board.prices + prices), race=race)

    def place_failed(self, failure: Failure) -> Iterator[AnyItem | Request]:
        """The failure is noted; the win odds are good without the place odds."""
        context = self.failed_with(failure)
        yield from self.complete(context["board"], race=context["race"])

    def parse_pairs(self, response: Response, board: OddsItem, **_: Any) -> PairGrid:
        return parse_twin(response, self.visit(response), board)

    def complete(self, board: OddsItem, **context: Any) -> Iterator[AnyItem | Request]:
        yield board
        if self.wants("results"):
            yield from self._ending(context["race"])

    def _ending(self, race: RaceItem) -> Iterator[Request]:
        """Its own page tells how a race ended; the race stays unofficial until it has a winner."""
        if race.status == "unofficial":
            key, _, number = race.source_key.partition("#")
            url = f"{self.track.base_url}/api/results/raceDays/{key}/{number}/completeresults"
            yield self.get(url, self.finish, race_number=race.race_number, race=race)

    def finish(self, response: Response, race: RaceItem) -> Iterator[ResultItem]:
        ended = parse_finish(response, self.visit(response), race)
        if ended is not None:
            yield ended

    def _game_url(self, race: RaceItem, part: str) -> str:
        key, _, number = race.source_key.partition("#")
        return f"{self.track.base_url}/api/game/{key}/{part}/{number}"
