"""Betfair Exchange's API-NG: WIN and PLACE markets of a track's day. JSON-RPC, two requests for a whole meeting.

Decimal odds, stake included, exact: what somebody offers or was matched at, not a pool's estimate. `win_last`, `win_back`,
`win_lay` and the same of `place`; the money behind them is in `pools` (see betfair_book). There is no exacta. Only event type
7 (horse racing) is read, only at the track's venue and date; its times are UTC. A race's number is its place in the day
(betfair_card). A result is the winner alone. The answers carry no time of their own, so a board has no source_time; with a
delayed application key prices are up to 180 s old.

An account is needed: betfairlightweight logs in and keeps the session (betfair_session); market data go through Scrapy, so
that its limits, retries and archive hold. Commission is on net winnings, not on a pool.

Checked against recorded answers: the catalogue of 100 WIN markets (2023), a market in running (2016), login, refused login,
keep-alive. Only as documented: PLACE markets, settled markets, JSON-RPC errors, interactive login.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadFailedError
from scrapy.http import Request, Response

from horses_scrapy.config import Settings
from horses_scrapy.config.tracks import is_variable
from horses_scrapy.errors import ConfigError, MissingCredentials, ParseError, SourceError
from horses_scrapy.items import AnyItem, RaceItem, Source
from horses_scrapy.sources.betfair_card import Race, parse_catalogue, race_item
from horses_scrapy.sources.betfair_memory import Memory
from horses_scrapy.sources.betfair_race import parse_books
from horses_scrapy.sources.betfair_rpc import SOURCE, SessionLost
from horses_scrapy.track_spider import TrackSpider

CERTIFICATES = "certificates"
"""Optional in `auth`: a folder with .crt and .key, or a .pem file. Without it the login is the interactive one."""


class BetfairSpider(TrackSpider):
    source: ClassVar[Source] = SOURCE
    required_auth: ClassVar[frozenset[str]] = frozenset({"app_key", "username", "password"})

    def __init__(self, *, state_dir: Path | None = None, state_files: bool = False, **kwargs: Any) -> None:
        """state_files: whether state may be written. Saved answers have no state_dir at all; `scrapy reparse` only reads."""
        super().__init__(**kwargs)
        self._state_dir = state_dir
        self._state_files = state_files
        self._session: dict[str, str] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        settings: Settings = crawler.settings["HORSES"]
        state = {"state_dir": settings.state_dir, "state_files": crawler.settings.getbool("STATE_FILES")}
        return super().from_crawler(crawler, *args, **state, **kwargs)

    def _check_credentials(self) -> None:
        """A replay of what was archived logs in nowhere."""
        if self._state_files:
            super()._check_credentials()

    async def asks(self) -> AsyncIterator[Request | AnyItem]:
        """The base's requests, signed. Nobody comes here where credentials are missing or nothing is due, nor logs in."""
        if self._state_files and not self._session and not await self._logged_in():
            return
        async for request in super().asks():
            yield request

    async def _logged_in(self) -> bool:
        try:
            self._session = await asyncio.to_thread(self._open_session)
        except (SourceError, ConfigError, DownloadFailedError) as error:
            self.note(error, str(error))
        return bool(self._session)

    def _open_session(self) -> dict[str, str]:
        from horses_scrapy.sources import betfair_login, betfair_session  # noqa: PLC0415 (slow to load: for a job that logs in)

        account = betfair_login.Account(
            username=self.credential("username"),
            password=self.credential("password"),
            app_key=self.credential("app_key"),
            base_url=self.track.base_url,
            certificates=self._certificates(),
            identity_url=self.track.options.get("identity_url"),
            identity_cert_url=self.track.options.get("identity_cert_url"),
        )
        return betfair_session.open_session(account, self._session_file())

    def _certificates(self) -> Path | None:
        """None where `auth` names none, or a variable that is not set."""
        told = self.source_config.auth.get(CERTIFICATES)
        if told is None or (is_variable(told) and told not in self.credentials):
            return None
        path = self.home / self.credential(CERTIFICATES)
        if not path.exists():
            raise MissingCredentials(f"{self.track.source}: auth.{CERTIFICATES}: {path} does not exist")
        return path

    def _session_file(self) -> Path:
        assert self._state_dir is not None  # only a crawl logs in, and it has one
        return self._state_dir / "betfair_session.json"

    def card_requests(self) -> Iterator[Request]:
        from horses_scrapy.sources import betfair_queries  # noqa: PLC0415 (slow to load: not for other sources' jobs)

        yield self._ask(betfair_queries.catalogue(self.track, self.race_date), self.card, card=True)

    def _ask(self, payload: dict[str, Any], callback: Any, **options: Any) -> Request:
        url = f"{self.track.base_url}/exchange/betting/json-rpc/v1"
        return self.post_json(
            url, payload, callback, headers={"Accept": "application/json", **self._session}, **options
        )

    def card(self, response: Response) -> Iterator[RaceItem | Request]:
        races, fault = self._listed(response)
        memory = self._memory()
        if memory is not None and self._state_files:
            memory.keep(races)
        card = [race_item(race, response, self.visit(response)) for race in races]
        yield from card
        wanted = [race for race, item in zip(races, card, strict=True) if self.reads(item)]
        yield from self._book_requests(wanted)
        if fault is not None:
            raise fault
        self.check_asked(card)

    def _listed(self, response: Response) -> tuple[list[Race], ParseError | None]:
        """The races that can be read, and what is wrong with the others."""
        memory = self._memory()
        known = memory.races() if memory is not None else ()
        races: list[Race] = []
        try:
            with self._session_checked():
                for race in parse_catalogue(response, self.visit(response), known, self._posts()):
                    races.append(race)  # noqa: PERF402 (what comes before the fault is kept)
        except ParseError as error:
            return races, error
        return sorted(races, key=lambda race: race.number), None

    def _memory(self) -> Memory | None:
        return (
            Memory(self._state_dir / "betfair", self.track.key, self.race_date) if self._state_dir is not None else None
        )

    def _posts(self) -> Mapping[int, datetime]:
        """Posts by race number that are stored: they number a day whose memory was lost, or is replayed."""
        run = getattr(self, "run", None)
        return run.post_times(self.race_date) if run is not None else {}

    def _book_requests(self, races: Sequence[Race]) -> Iterator[Request]:
        from horses_scrapy.sources import betfair_queries  # noqa: PLC0415 (as above)

        for batch in betfair_queries.batches(races):
            market_ids = [market_id for race in batch for market_id in race.markets]
            payload = betfair_queries.books(market_ids, self.track.currency)
            yield self._ask(payload, self.books, race_number=batch[0].number, races=batch)

    def books(self, response: Response, races: Sequence[Race]) -> Iterator[AnyItem]:
        with self._session_checked():
            yield from parse_books(response, self.visit(response), races)

    @contextmanager
    def _session_checked(self) -> Iterator[None]:
        """A session that the service does not know any more is forgotten: the next run logs in."""
        try:
            yield
        except SessionLost:
            if self._session:
                from horses_scrapy.sources import betfair_session  # noqa: PLC0415 (loaded by the login)

                betfair_session.forget(self._session_file(), self._session["X-Authentication"])
                self._session = {}  # the next poll of a window logs in
            raise
