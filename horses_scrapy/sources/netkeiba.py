"""netkeiba: the tote odds of the Japan Racing Association (JRA) and of local tracks (NAR).

Decimal odds for 1, stake included, rounded down to 0.1. Win is win_tote; a place pays between place_low and place_high.
JRA also has the quinella and the exacta (`umatan`, both orders of each pair), given as what 100 yen pay; 99999.9 stands
for that or more. Odds before selling (`yoso`, 予想オッズ) are a forecast and no market. No pool totals, no results. Times
are Japan's, without offset. Names are kept as printed. Pages may be UTF-8 or EUC-JP: their header or meta says which.

JRA (`organisation: JRA`): the day's list, one entries page per race, odds as JSON. Local tracks (`organisation: NAR`): no
list was recorded, but a race's key is made of year, course, day and race, and each page links to the other races of
the day: so the entries page of race 1 is asked for first. Checked on recorded answers of June and July 2026: list,
entries, final and running win and place odds, some pairs, a local board. Scratches, forecasts, full pair tables, EUC-JP
and a day without racing are known from other people's parsers only.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

from scrapy.http import Request, Response
from twisted.python.failure import Failure

from horses_scrapy.errors import ConfigError, SourceError
from horses_scrapy.items import AnyItem, OddsItem, RaceItem, Source
from horses_scrapy.sources.netkeiba_nar import nar_odds_url, parse_nar_board
from horses_scrapy.sources.netkeiba_odds import PAIRS, SOURCE, WIN, parse_pairs, parse_win_place
from horses_scrapy.sources.netkeiba_pages import (
    entries_url,
    nar_key,
    parse_entries,
    parse_race_list,
    parse_race_numbers,
    race_list_url,
)
from horses_scrapy.sources.pairs import without_pairs
from horses_scrapy.track_spider import TrackSpider

QUINELLA, EXACTA = PAIRS


class NetkeibaSpider(TrackSpider):
    """List, entries, odds. A run for single races reads no quinella, so that it costs two requests beyond the card."""

    source: ClassVar[Source] = SOURCE
    required_options: ClassVar[frozenset[str]] = frozenset({"organisation"})

    def card_requests(self) -> Iterator[Request]:
        organisation = self.track.options["organisation"]
        if organisation == "JRA":
            yield self.get(race_list_url(self.track.base_url, self.race_date), self.race_list, card=True)
        elif organisation == "NAR":
            yield self._entries_request(self._nar_race(1), self.first_page)
        else:
            raise ConfigError(f"tracks.yaml: {self.track.key}: options.organisation: JRA or NAR is expected")

    def race_list(self, response: Response) -> Iterator[AnyItem | Request]:
        card = list(parse_race_list(response, self.visit(response)))
        yield from card
        yield from (self._entries_request(race, self.entries) for race in card if self.reads(race))
        self.check_asked(card)

    def first_page(self, response: Response, race: RaceItem) -> Iterator[AnyItem | Request]:
        """Entries of a local track's race 1, and the way to the others."""
        card = [self._nar_race(number) for number in parse_race_numbers(response, self.visit(response))]
        for found in card:
            if not self.reads(found):
                continue
            if found.race_number == race.race_number:
                yield from self.entries(response, race)
            else:
                yield self._entries_request(found, self.entries)
        self.check_asked(card)

    def entries(self, response: Response, race: RaceItem) -> Iterator[AnyItem | Request]:
        entered = parse_entries(response, self.visit(response), race.source_key)
        yield entered
        if entered.entries and self.wants("boards"):
            nar = self.track.options["organisation"] == "NAR"
            url = nar_odds_url if nar else odds_url
            callback = self.nar_odds if nar else self.win_place
            yield self.get(
                url(self.track.base_url, race.source_key), callback, race_number=race.race_number, race=entered
            )

    def nar_odds(self, response: Response, race: RaceItem) -> Iterator[OddsItem]:
        yield parse_nar_board(response, self.visit(response), race)

    def win_place(self, response: Response, race: RaceItem) -> Iterator[OddsItem | Request]:
        board = parse_win_place(response, self.visit(response), race)
        near = bool(self.asked.races) or self.asked.due is not None
        bets = () if board.status == "scheduled" else (EXACTA,) if near else (EXACTA, QUINELLA)
        yield from self._next(board, race, bets)

    def pairs(
        self, response: Response, race: RaceItem, board: OddsItem, bets: tuple[str, ...]
    ) -> Iterator[OddsItem | Request]:
        try:
            grid = parse_pairs(response, self.visit(response), race, bets[0])
        except SourceError:
            yield from self._next(without_pairs(board), race, bets[1:])
            raise
        if grid is not None and grid.prices:
            board = replace(board, grids=(*board.grids, grid))
        yield from self._next(board, race, bets[1:])

    def pairs_failed(self, failure: Failure) -> Iterator[OddsItem | Request]:
        """The odds are good without the pairs: the board goes out, and says that some are missing."""
        context = self.failed_with(failure)
        yield from self._next(without_pairs(context["board"]), context["race"], context["bets"][1:])

    def _next(self, board: OddsItem, race: RaceItem, bets: tuple[str, ...]) -> Iterator[OddsItem | Request]:
        if not bets:
            yield board
            return
        request = self.get(
            odds_url(self.track.base_url, race.source_key, bets[0]),
            self.pairs,
            race_number=race.race_number,
            race=race,
            board=board,
            bets=bets,
        )
        yield request.replace(errback=self.pairs_failed)

    def _entries_request(self, race: RaceItem, callback: Callable[..., Any]) -> Request:
        url = entries_url(self.track.base_url, race.source_key)
        return self.get(url, callback, card=True, race_number=race.race_number, race=race)

    def _nar_race(self, number: int) -> RaceItem:
        """What is known of a race before its page is read: its number and key."""
        key = nar_key(self.track.source_key, self.race_date, number)
        return RaceItem(
            track=self.track.key,
            race_date=self.race_date,
            race_number=number,
            source=SOURCE,
            source_key=key,
            url=entries_url(self.track.base_url, key),
            fetched_at=self.clock.now(),
            post_time=None,
            status="scheduled",
        )


def odds_url(base_url: str, key: str, bet: str = WIN) -> str:
    return f"{base_url}/api/api_get_jra_odds.html?race_id={key}&type={bet}&action=update"
