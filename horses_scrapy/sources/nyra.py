"""NYRA Bets' GetProbables: win odds, pools gross and net, exacta probables of all ordered pairs. JSON, by POST.

Pay-outs are for a dollar, stake included, so they are decimal odds, exact for the pool of the moment. An answer has no time,
no names and no race: races, post times, names and pool ids come from config/nyra.yaml (nyra_days.py). Its status never
closes, so a race is closed once its post time has passed, and never official; totals may fall, on refunds; probables were
seen frozen for two days while the pool grew. Checked on recorded figures of the Kentucky Derby of 2026, which their
recorder re-keyed: values are real, the answer's envelope is known from published parser code only. That win pay-outs are
for a dollar, as the exacta's are, is checked at each board by their sum.
"""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from scrapy.http import Request, Response

from horses_scrapy.errors import ConfigError, NoCard, ParseError
from horses_scrapy.items import AnyItem, Entry, OddsItem, PairGrid, RaceItem, RaceStatus, Source
from horses_scrapy.program_number import interest_of
from horses_scrapy.sources.json_body import read_json
from horses_scrapy.sources.nyra_days import Listed, read_days
from horses_scrapy.sources.nyra_pools import asked_pools, exacta, money, win_prices
from horses_scrapy.sources.pairs import without_pairs
from horses_scrapy.track_spider import TrackSpider, Visit

SOURCE = Source("nyra", "decimal", "pool")
PATH = "/GetProbables.ashx"
_LAST_LOOK = timedelta(hours=1)
"""How long after its post a race is still read unasked: no status will ever end it."""


class NyraSpider(TrackSpider):
    """One request per race, for all its pools. The card is the file of `data_path`: no request."""

    source: ClassVar[Source] = SOURCE
    required_options: ClassVar[frozenset[str]] = frozenset({"client_identifier", "wagering_cohort"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.source_config.data_path is None:
            raise ConfigError("tracks.yaml: sources.nyra.data_path must name the file with the races and pool ids")
        self._file = self.home / self.source_config.data_path
        self._days = read_days(self._file)

    async def asks(self) -> AsyncIterator[Request | AnyItem]:
        """Races that this run reads no board of are told all the same; the others follow with their board."""
        async for request in super().asks():
            yield request
        if self.asked.due is None and self.wants("card"):
            for race, _ in self._card():
                if not self._polls(race):
                    yield race

    def card_requests(self) -> Iterator[Request]:
        card = self._card()
        if not card:
            raise NoCard(f"{self._file.name} lists no race of {self.track.source_key} on {self.race_date}")
        self.check_asked(race for race, _ in card)
        for race, listed in card:
            if self._polls(race):
                yield self._race_request(race, listed)

    def board(self, response: Response, race: RaceItem, listed: Listed) -> Iterator[AnyItem]:
        yield from parse_board(response, self.visit(response), race, listed)

    def _card(self) -> list[tuple[RaceItem, Listed]]:
        visit = Visit(self.track, self.race_date, self.clock.now())
        return [
            (listed_race(visit, number, listed), listed)
            for (track, day, number), listed in sorted(self._days.items())
            if (track, day) == (self.track.source_key, self.race_date)
        ]

    def _polls(self, race: RaceItem) -> bool:
        assert race.post_time is not None
        late = race.post_time + _LAST_LOOK < self.clock.now()
        return self.wanted(race) and self.wants("boards") and (not late or bool(self.asked.races))

    def _race_request(self, race: RaceItem, listed: Listed) -> Request:
        options = self.track.options
        header = {
            "version": 2,
            "fragmentLanguage": "Javascript",
            "fragmentVersion": "",
            "clientIdentifier": options["client_identifier"],
        }
        asked = {
            "header": header,
            "wageringCohort": options["wagering_cohort"],
            "poolIds": list(listed.pools.values()),
        }
        return self.post(
            race.url,
            f"request={quote(json.dumps(asked, separators=(',', ':')))}".encode(),
            self.board,
            content_type="application/x-www-form-urlencoded",
            race_number=race.race_number,
            race=race,
            listed=listed,
        )


def listed_race(visit: Visit, number: int, listed: Listed) -> RaceItem:
    """The race as the file has it: horses by name where it tells them, nothing of scratches."""
    return RaceItem(
        track=visit.track.key,
        race_date=visit.race_date,
        race_number=number,
        source=SOURCE,
        source_key=str(listed.race_id),
        url=f"{visit.track.base_url}{PATH}",
        fetched_at=visit.fetched_at,
        post_time=listed.post_time,
        status="closed" if listed.post_time <= visit.fetched_at else "scheduled",
        entries=tuple(
            Entry(program_number=number, label=interest_of(number), horse=horse)
            for number, horse in listed.runners.items()
        ),
    )


def parse_board(response: Response, visit: Visit, race: RaceItem, listed: Listed) -> Iterator[AnyItem]:
    """The race, then its board. Exacta probables that cannot be read do not cost it: ParseError at the end."""
    pools = asked_pools(read_json(response), listed.pools)
    status: RaceStatus = "closed" if listed.post_time <= visit.fetched_at else "open"
    totals = tuple(total for pool in pools.values() for total in money(pool, visit))
    prices = win_prices(pools["WN"], frozenset(entry.label for entry in race.entries))
    fault: ParseError | None = None
    grids: tuple[PairGrid, ...] = ()
    try:
        grids = exacta(pools["EX"], prices, visit) if "EX" in pools else ()
    except ParseError as error:
        fault = error
    board = OddsItem(
        track=race.track,
        race_date=race.race_date,
        race_number=race.race_number,
        source=SOURCE,
        url=response.url,
        fetched_at=visit.fetched_at,
        status=status,
        prices=prices,
        pools=totals,
        grids=grids,
    )
    yield replace(race, fetched_at=visit.fetched_at, status=status)
    yield without_pairs(board) if _lacks_pairs(board) else board
    if fault is not None:
        raise fault


def _lacks_pairs(board: OddsItem) -> bool:
    """Whether probables are due: there is money on pairs."""
    return not board.grids and any(pool.bet_type == "exacta" and pool.amount > 0 for pool in board.pools)
