"""TAB New Zealand's affiliates API: cards, tote and fixed odds, pools, quinella pay-outs, will-pays, results. JSON, no page.

Decimal odds, stake included. `pool_win` is the tote (win_tote), `fixed_win` the bookmaker's (win_fixed), `pool_place` the
tote's place price (place_low; it gives no upper bound); fixed place odds are left out. There is no exacta here: the
quinella's matrix is the only pair price. Dates are those of New Zealand. Checked against recorded answers of July 2025 and
the published specification. Only from that specification: harness meetings, doubles and trebles, `change` of a will-pay.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import ClassVar
from urllib.parse import urlencode

from scrapy.http import Request, Response

from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import AnyItem, RaceItem, RaceType, ResultItem, Source
from horses_scrapy.sources.json_body import Json, each_sound, read_json
from horses_scrapy.sources.tab_nz_event import parse_event
from horses_scrapy.sources.tab_nz_names import RACE_TYPES, SOURCE, STATUSES, day, is_track
from horses_scrapy.track_spider import TrackSpider, Visit


class TabNzSpider(TrackSpider):
    source: ClassVar[Source] = SOURCE
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json"}

    def card_requests(self) -> Iterator[Request]:
        yield self.get(meetings_url(self.track.base_url, self.race_date), self.card, card=True)

    def card(self, response: Response) -> Iterator[RaceItem | Request]:
        card = []
        for race in parse_card(response, self.visit(response)):
            card.append(race)
            yield race
            if self.reads(race) and race.status != "cancelled":
                yield self._event_request(race)
        self.check_asked(card)

    def _event_request(self, race: RaceItem) -> Request:
        url = event_url(self.track.base_url, race.source_key)
        return self.get(url, self.event, race_number=race.race_number, race=race)

    def event(self, response: Response, race: RaceItem) -> Iterator[AnyItem]:
        """One answer holds card, board and result; what is not asked for is left out."""
        for item in parse_event(response, self.visit(response), race):
            if isinstance(item, RaceItem) or self.wants("results" if isinstance(item, ResultItem) else "boards"):
                yield item


def meetings_url(base_url: str, race_date: date) -> str:
    query = {
        "enc": "json",
        "date_from": race_date.isoformat(),
        "date_to": race_date.isoformat(),
        "country": "NZ",
        "limit": 200,
    }
    return f"{base_url}/affiliates/v1/racing/meetings?{urlencode(query)}"


def event_url(base_url: str, race_id: str) -> str:
    """Tote trends are asked for because the answers that carry the quinella matrix were recorded with them."""
    query = {"enc": "json", "with_tote_trends_data": "true", "with_will_pays": "true"}
    return f"{base_url}/affiliates/v1/racing/events/{race_id}?{urlencode(query)}"


def parse_card(response: Response, visit: Visit) -> Iterator[RaceItem]:
    """The races of the track's meeting, without entries. Raises NoCard where none is held on the day."""
    data = read_json(response)["data"]
    meetings = data.list_of("meetings")
    if not meetings and "meetings" not in data.value:
        raise ParseError("data.meetings: missing")
    days = {day(meeting["date"]) for meeting in meetings}
    if days and visit.race_date not in days:
        raise ParseError(
            f"data.meetings: {visit.race_date} was asked for, the answer is of {', '.join(map(str, days))}"
        )
    meeting = _meeting(meetings, visit)
    races = [race for race in meeting.list_of("races") if race["race_number"].whole() != 0]  # 0 is a futures market
    race_type = meeting["category"].one_of(RACE_TYPES)
    return each_sound(races, lambda race: _card_race(race, race_type, response, visit))


def _meeting(meetings: Sequence[Json], visit: Visit) -> Json:
    held = [
        meeting
        for meeting in meetings
        if day(meeting["date"]) == visit.race_date
        and meeting["category"].text() in RACE_TYPES
        and is_track(meeting["name"].text(), visit.track.source_key)
    ]
    if not held:
        raise NoCard(f"no meeting at {visit.track.source_key} on {visit.race_date}")
    if len(held) > 1:
        names = ", ".join(f"{meeting['name'].text()} ({meeting['category'].text()})" for meeting in held)
        raise ParseError(
            f"data.meetings: {names} are all called {visit.track.source_key}: their races cannot be told apart"
        )
    return held[0]


def _card_race(race: Json, race_type: RaceType, response: Response, visit: Visit) -> RaceItem:
    return RaceItem(
        track=visit.track.key,
        race_date=visit.race_date,
        race_number=race["race_number"].whole(),
        source=SOURCE,
        source_key=race["id"].text(),
        url=response.url,
        fetched_at=visit.fetched_at,
        post_time=race["start_time"].iso_instant(),
        status=race["status"].one_of(STATUSES),
        name=race.optional_text("name"),
        race_type=race_type,
    )
