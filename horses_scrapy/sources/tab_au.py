"""TAB Australia's tab-info-service: cards, tote and fixed odds, pools, approximates of one pair bet, results. JSON, no page.

Decimal odds, stake included. `parimutuel.returnWin` is the tote (win_tote), `fixedOdds.returnWin` the bookmaker's
(win_fixed), `parimutuel.returnPlace` the tote's place price (place_low; it gives no upper bound); fixed place odds are left
out. Times are UTC, dates those of the track. `oddsUpdateTime` is the tote's and becomes the board's source time. Pools and
prices are those of a jurisdiction: the option `jurisdiction` (NSW, VIC, QLD, SA) is required.

Checked against one recorded race of January 2018: header, runners, both odds, statuses of runners, pools. Known only from
other people's parsers: the list of meetings, the race statuses other than Normal, results, dividends, and the approximates,
of which no answer was recorded.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from scrapy.http import Request, Response

from horses_scrapy.errors import ConfigError, NoCard, ParseError
from horses_scrapy.items import AnyItem, OddsItem, PairGrid, RaceItem, RaceType, Source
from horses_scrapy.sources.board_then_pairs import BoardThenPairs
from horses_scrapy.sources.json_body import Json, each_sound, read_json
from horses_scrapy.sources.pairs import without_pairs
from horses_scrapy.sources.tab_au_names import RACE_TYPES, SOURCE, STATUSES, is_track, meeting_day, race_key
from horses_scrapy.sources.tab_au_pairs import PAIRS, parse_approximates
from horses_scrapy.sources.tab_au_race import RaceSheet, parse_race
from horses_scrapy.track_spider import Visit

NO_PAIRS = "none"


class TabAuSpider(BoardThenPairs):
    """One request finds the day's races, one reads a race; a second one its approximates, as the option `pairs` says.

    pairs: `Exacta` (also where it is not set), `Quinella`, or `none`.
    """

    source: ClassVar[Source] = SOURCE
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json"}
    required_options: ClassVar[frozenset[str]] = frozenset({"jurisdiction"})

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.pairs = self.track.options.get("pairs", "Exacta")
        if self.pairs not in {*PAIRS, NO_PAIRS}:
            known = ", ".join((*PAIRS, NO_PAIRS))
            raise ConfigError(f"tracks.yaml: {self.track.key}: options.pairs: one of {known} is expected")

    def card_requests(self) -> Iterator[Request]:
        yield self.get(self._url(""), self.card, card=True)

    def card(self, response: Response) -> Iterator[RaceItem | Request]:
        card = []
        for race in parse_card(response, self.visit(response)):
            card.append(race)
            yield race
            if self.reads(race) and race.status != "cancelled":
                url = self._url(race_path(race.source_key))
                yield self.get(url, self.race, race_number=race.race_number, race=race)
        self.check_asked(card)

    def race(self, response: Response, race: RaceItem) -> Iterator[AnyItem | Request]:
        """The result goes before the board: an official board ends its race."""
        sheet = parse_race(response, self.visit(response), race)
        yield sheet.race
        if sheet.result is not None and self.wants("results"):
            yield sheet.result
        if self.wants("boards"):
            yield self._board(sheet)
        if sheet.fault is not None:
            raise sheet.fault

    def _board(self, sheet: RaceSheet) -> OddsItem | Request:
        """Approximates are of use until the race is run; without a pool there are none."""
        bet_type = PAIRS[self.pairs].bet_type if self.pairs != NO_PAIRS else None
        if not any(pool.bet_type == bet_type and pool.amount > 0 for pool in sheet.board.pools):
            return sheet.board
        if sheet.board.status not in {"open", "closed"}:
            return without_pairs(sheet.board)
        url = self._url(f"{race_path(sheet.race.source_key)}/pools/{self.pairs}/approximates")
        return self.pairs_request(url, sheet.board, race=sheet.race)

    def parse_pairs(self, response: Response, board: OddsItem, **context: Any) -> PairGrid:  # noqa: ARG002
        race: RaceItem = context["race"]
        return parse_approximates(response, self.visit(response), race, PAIRS[self.pairs])

    def _url(self, path: str) -> str:
        return api_url(self.track.base_url, self.race_date, path, self.track.options["jurisdiction"])


def api_url(base_url: str, race_date: date, path: str, jurisdiction: str) -> str:
    query = urlencode({"jurisdiction": jurisdiction})
    return f"{base_url}/v1/tab-info-service/racing/dates/{race_date.isoformat()}/meetings{path}?{query}"


def race_path(source_key: str) -> str:
    race_type, mnemonic, number = source_key.split("/")
    return f"/{race_type}/{quote(mnemonic, safe='')}/races/{number}"


def parse_card(response: Response, visit: Visit) -> Iterator[RaceItem]:
    """The races of the track's meeting, without entries. Raises NoCard where none is held on the day."""
    meeting = _meeting(read_json(response)["meetings"].elements(), visit)
    race_type = meeting["raceType"].one_of(RACE_TYPES)
    return each_sound(meeting["races"].elements(), lambda race: _card_race(race, meeting, race_type, response, visit))


def _meeting(meetings: Sequence[Json], visit: Visit) -> Json:
    held = [
        meeting
        for meeting in meetings
        if is_track(meeting, visit.track.source_key) and meeting["raceType"].text() in RACE_TYPES
    ]
    if not held:
        raise NoCard(f"no meeting at {visit.track.source_key} on {visit.race_date}")
    if len(held) > 1:
        types = ", ".join(meeting["raceType"].text() for meeting in held)
        raise ParseError(
            f"meetings: {len(held)} are called {visit.track.source_key} ({types}): their races cannot be told apart"
        )
    if meeting_day(held[0]) != visit.race_date:
        raise ParseError(f"{held[0].path}.meetingDate: {visit.race_date} was asked for, not {meeting_day(held[0])}")
    if "/" in held[0]["venueMnemonic"].text():
        raise ParseError(f"{held[0].path}.venueMnemonic: {held[0]['venueMnemonic'].text()!r} is no part of an address")
    return held[0]


def _card_race(race: Json, meeting: Json, race_type: RaceType, response: Response, visit: Visit) -> RaceItem:
    return RaceItem(
        track=visit.track.key,
        race_date=visit.race_date,
        race_number=race["raceNumber"].whole(),
        source=SOURCE,
        source_key=race_key(meeting, race["raceNumber"]),
        url=response.url,
        fetched_at=visit.fetched_at,
        post_time=race["raceStartTime"].iso_instant(),
        status=race["raceStatus"].one_of(STATUSES),
        name=race.optional_text("raceName"),
        race_type=race_type,
    )
