"""PMU's turfinfo API (France): programmes, direct win odds, pair prices, definitive pay-outs. JSON.

Decimal odds for 1 euro, stake included; `dernierRapportDirect` is the tote's price (win_tote), `dernierRapportReference`
the earlier reference price, used as the morning line. A NON_PARTANT has neither. Horses coupled by stable (`ecurie`) are
sold and priced one by one, so each is an interest of its own. Times are epoch milliseconds.
A racecourse is found by its name, by its code only where the answer names none: of the codes only CHA is recorded.
A poll of one race costs two requests beyond the programme: participants, and one pair grid (`options.pairs`: exacta, the
default, or quinella; the other one where the wanted one is not sold).
Checked against recorded answers of December 2023 (participants) and July 2026 (programme, pay-outs; shortened by who
recorded them). Pair prices follow the documented form only (pmu_pairs.py). The size of the pools is not published.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from scrapy.http import Request, Response

from horses_scrapy.items import AnyItem, OddsItem, PairGrid, ResultItem, Source
from horses_scrapy.sources.board_then_pairs import BoardThenPairs
from horses_scrapy.sources.pmu_names import SOURCE
from horses_scrapy.sources.pmu_pairs import pair_bet, parse_pairs, preferred_bets
from horses_scrapy.sources.pmu_programme import Course, parse_programme, programme_url
from horses_scrapy.sources.pmu_race import parse_participants, parse_payoffs, result


class PmuSpider(BoardThenPairs):
    source: ClassVar[Source] = SOURCE
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json"}
    status_on_card = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pair_bets = preferred_bets(self.track.options.get("pairs", "exacta"))

    def card_requests(self) -> Iterator[Request]:
        yield self.get(programme_url(self.track.base_url, self.race_date), self.programme, card=True)

    def programme(self, response: Response) -> Iterator[AnyItem | Request]:
        card = []
        for course in parse_programme(response, self.visit(response)):
            card.append(course.race)
            yield course.race
            if self.reads(course.race) and course.race.status != "cancelled":
                yield from self._follow(course)
        self.check_asked(card)

    def _follow(self, course: Course) -> Iterator[AnyItem | Request]:
        if self.wants("boards") or self.wants("card"):
            yield self._race_request(course, "participants", self.participants)
        else:
            yield from self._ending(course)

    def participants(self, response: Response, course: Course) -> Iterator[AnyItem | Request]:
        """The board, which waits for its pair prices where such a bet is sold; then the result."""
        race, board = parse_participants(response, self.visit(response), course)
        if board.flags:
            self.logger.warning("R%d: %s", board.race_number, ", ".join(sorted(board.flags)))
        yield race
        if not self.wants("boards"):
            return
        bet = pair_bet(course, self.pair_bets)
        if bet is None:
            yield from self.complete(board, course=course)
        else:
            yield self.pairs_request(self._race_url(course, f"rapports/{bet}"), board, course=course, bet=bet)

    def parse_pairs(self, response: Response, board: OddsItem, **context: Any) -> PairGrid | None:
        """HTTP 204 says that there are no prices yet."""
        if response.status == 204:
            return None
        return parse_pairs(response, self.visit(response), context["course"], context["bet"], board)

    def complete(self, board: OddsItem, **context: Any) -> Iterator[AnyItem | Request]:
        yield board
        if self.wants("results"):
            yield from self._ending(context["course"])

    def _ending(self, course: Course) -> Iterator[AnyItem | Request]:
        """The result; an official one waits for its pay-outs."""
        if course.race.status == "official" and course.paid and course.finishers:
            yield self._race_request(course, "rapports-definitifs", self.payoffs)
        elif course.race.status == "unofficial" and course.finishers:
            yield result(course, course.race.url, course.race.fetched_at)

    def payoffs(self, response: Response, course: Course) -> Iterator[ResultItem]:
        yield parse_payoffs(response, self.visit(response), course)

    def _race_url(self, course: Course, part: str) -> str:
        return f"{programme_url(self.track.base_url, self.race_date)}/{course.race.source_key}/{part}"

    def _race_request(self, course: Course, part: str, callback: Callable[..., Any]) -> Request:
        return self.get(self._race_url(course, part), callback, race_number=course.race.race_number, course=course)
