"""FanDuel Racing's (TVG's) GraphQL: schedule, betting interests, pools, exacta probables, will-pays, results. JSON.

Odds are profit per 1 as a board shows them, as a fraction whose missing denominator is 1; they belong to the betting
interest, which holds several runners where horses are coupled. Times are UTC. An answer says nothing of its own age: the
HTTP Date header stands in, which tells when it was made, not when the tote calculated. Minutes to post are the service's.
Checked on recorded bytes: two interests of an answer that its recorder trimmed (2025); pools, probables and results only
on the page (tvg_page.py). The JSON of probables, will-pays and results is read by the field names of published queries,
with `runner1` taken for the horse that wins.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from scrapy.http import Request, Response

from horses_scrapy.items import AnyItem, OddsItem, RaceItem, ResultItem, Source
from horses_scrapy.sources.tvg_card import parse_card
from horses_scrapy.sources.tvg_names import SOURCE
from horses_scrapy.sources.tvg_race import parse_race
from horses_scrapy.track_spider import TrackSpider

PATH = "/cosmo/v1/graphql"
_RACE = "id tvgRaceId number raceDate postTime mtp isGreyhound description status{code} type{code} track{code}"
CARD_QUERY = (
    "query card($track: String, $profile: String) "
    f"{{races(filter: {{trackCode: [$track]}}, profile: $profile, sort: {{byRaceNumber: ASC}}) {{{_RACE}}}}}"
)
_FRACTION = "{numerator denominator}"
RACE_QUERY = f"""query race($ids: [Long], $profile: String) {{races(tvgRaceIds: $ids, profile: $profile) {{{_RACE}
bettingInterests{{biNumber currentOdds{_FRACTION} morningLineOdds{_FRACTION}
 biPools{{wagerType{{code}} poolRunnersData{{amount}}}} runners{{runnerId horseName scratched jockey trainer}}}}
racePools{{wagerType{{code}} amount}}
probables{{wagerType{{code}} minWagerAmount betCombos{{runner1 runner2 payout}}}}
willPays{{type{{code}} wagerAmount legResults{{legNumber winningBi}} payouts{{bettingInterestNumber payoutAmount}}}}
results{{runners{{runnerNumber finishPosition}}
 payoffs{{wagerType{{code}} wagerAmount selections{{selection payoutAmount}}}}}}}}}}"""


class TvgSpider(TrackSpider):
    """The schedule of the track, then one request per race. `wager_profile` names whose bets are listed."""

    source: ClassVar[Source] = SOURCE
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json"}
    required_options: ClassVar[frozenset[str]] = frozenset({"wager_profile"})

    def card_requests(self) -> Iterator[Request]:
        yield self._query("card", CARD_QUERY, {"track": self.track.source_key}, self.card, card=True)

    def card(self, response: Response) -> Iterator[RaceItem | Request]:
        card = []
        for race in parse_card(response, self.visit(response)):
            card.append(race)
            yield race
            if self.reads(race):
                yield self._query(
                    "race",
                    RACE_QUERY,
                    {"ids": [int(race.source_key)]},
                    self.race,
                    race_number=race.race_number,
                    race=race,
                )
        self.check_asked(card)

    def race(self, response: Response, race: RaceItem) -> Iterator[AnyItem]:
        for item in parse_race(response, self.visit(response), race):
            if self._asked_item(item):
                yield item

    def _asked_item(self, item: AnyItem) -> bool:
        """One answer holds all: what was not asked for is left out. The race itself comes with either of the others."""
        if isinstance(item, OddsItem):
            return self.wants("boards")
        return not isinstance(item, ResultItem) or self.wants("results")

    def _query(self, name: str, query: str, variables: dict[str, Any], callback: Any, **context: Any) -> Request:
        profile = {"profile": self.track.options["wager_profile"]}
        payload = {"operationName": name, "variables": variables | profile, "query": query}
        return self.post_json(f"{self.track.base_url}{PATH}", payload, callback, **context)
