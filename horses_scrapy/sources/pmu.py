"""PMU's turfinfo API (France): programmes, direct win odds, definitive pay-outs. JSON.

Decimal odds for 1 euro, stake included; `dernierRapportDirect` is the tote's price (win_tote), `dernierRapportReference`
the earlier reference price, used as the morning line. A NON_PARTANT has neither. Horses coupled by stable (`ecurie`) are
sold and priced one by one, so each is an interest of its own. Pair prices are not read yet. Checked against recorded
answers of December 2023 (participants) and July 2026 (programme, pay-outs; shortened by who recorded them).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from scrapy.http import Request, Response

from horses_scrapy.items import AnyItem, OddsItem, ResultItem, Source
from horses_scrapy.sources.pmu_programme import SOURCE, Course, parse_programme, programme_url
from horses_scrapy.sources.pmu_race import parse_participants, parse_payoffs, result
from horses_scrapy.track_spider import TrackSpider


class PmuSpider(TrackSpider):
    source: ClassVar[Source] = SOURCE
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json"}
    status_on_card = True

    def card_requests(self) -> Iterator[Request]:
        yield self.get(programme_url(self.track.base_url, self.race_date), self.programme, card=True)

    def programme(self, response: Response) -> Iterator[AnyItem | Request]:
        card = []
        for course in parse_programme(response, self.visit(response)):
            card.append(course.race)
            yield course.race
            if self.wanted(course.race) and course.race.status != "cancelled":
                yield self._race_request(course, "participants", self.participants)
        self.check_asked(card)

    def participants(self, response: Response, course: Course) -> Iterator[AnyItem | Request]:
        """The board; then the result, which waits for its pay-outs once the order is definitive."""
        for item in parse_participants(response, self.visit(response), course):
            if isinstance(item, OddsItem) and item.flags:
                self.logger.warning("R%d: %s", item.race_number, ", ".join(sorted(item.flags)))
            yield item
        if course.race.status == "official" and course.paid and course.finishers:
            yield self._race_request(course, "rapports-definitifs", self.payoffs)
        elif course.race.status == "unofficial" and course.finishers:
            yield result(course, course.race.url, course.race.fetched_at)

    def payoffs(self, response: Response, course: Course) -> Iterator[ResultItem]:
        yield parse_payoffs(response, self.visit(response), course)

    def _race_request(self, course: Course, part: str, callback: Callable[..., Any]) -> Request:
        url = f"{programme_url(self.track.base_url, self.race_date)}/{course.race.source_key}/{part}"
        return self.get(url, callback, race_number=course.race.race_number, course=course)
