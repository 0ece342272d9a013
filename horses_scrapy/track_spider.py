"""The spider that every source builds on: it knows its track, its date, its races, its run, and when to give up."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from horses_scrapy import clock
from horses_scrapy.config import Settings, SourceConfig, Track
from horses_scrapy.config.tracks import is_variable
from horses_scrapy.errors import ConfigError, MissingCredentials, NoCard, NothingDue
from horses_scrapy.items import AnyItem, RaceItem, Source
from horses_scrapy.spider_arguments import ARGUMENTS, Asked, Days, Part, Window
from horses_scrapy.spider_rounds import RoundSpider

CACHED = "cached"
"""The flag of a response that an earlier crawl fetched; its request's meta says when (`fetched_at`)."""
LEFT_OUT_STAT = "asked/left_out"
"""The statistic of items that were read and not asked for (`-a only=`)."""
KNOWN_STAT = "asked/known"
"""The statistic of races that an earlier poll of the window has stored as they are."""
OVER = frozenset({"closed", "unofficial", "official"})


@dataclass(frozen=True, slots=True)
class Visit:
    """The context of one response for a pure parse function: whose page it is, for which day, and when it was fetched."""

    track: Track
    race_date: dt.date
    fetched_at: dt.datetime


class TrackSpider(RoundSpider):
    """Base of all sources. A track's spider is named `track_<key>` after its block in tracks.yaml.

    Arguments (`-a`): race=3 or race=3,4 (else every race that is not final), due=15 (only races within 15 minutes of their
    stored post), only=card, boards or results. One day: date=2026-05-02 (else today at the track). Several: days_ahead=2
    (today and the two after it) or days_back=7 (yesterday first; races that are over are read again; with sync=1 only
    days that no crawl has read to their end yet). Again and again: until=<epoch ms> every=15 (seconds). The scheduler
    adds give_up_at (epoch ms: no retry waits beyond it); in a window each poll gives up before the next.
    """

    source: ClassVar[Source]
    headers: ClassVar[Mapping[str, str]] = {}
    """Sent with every request; those of tracks.yaml come on top."""
    required_options: ClassVar[frozenset[str]] = frozenset()
    """Names that the track's (or its source's) `options` must set."""
    required_auth: ClassVar[frozenset[str]] = frozenset()
    """Names that the source's `auth` must map to an environment variable that is set, or to a file that is there."""
    status_on_card: ClassVar[bool] = False
    """Whether only the card tells that a race is off or over: it is then fetched anew once the post has passed."""
    arguments: Mapping[str, str] = {}
    """Those of ARGUMENTS that `-a` gave, as text."""

    def __init__(
        self,
        *,
        track: Track,
        source_config: SourceConfig,
        home: Path,
        credentials: Mapping[str, SecretStr],
        now: clock.Clock,
        race: str | None = None,
        date: str | None = None,
        due: str | None = None,
        only: str | None = None,
        days_ahead: str | None = None,
        days_back: str | None = None,
        sync: str | None = None,
        until: str | None = None,
        every: str | None = None,
        give_up_at: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.track = track
        self.source_config = source_config
        self.home = home
        self.credentials = credentials
        self.clock = now
        self.asked = Asked.of(race, due, only)
        today = now.now().astimezone(ZoneInfo(track.timezone)).date()
        self.days = Days.of(today, date, days_ahead, days_back, sync)
        self.window = Window.of(until, every)
        if self.window is not None and not self.days.one:
            raise ConfigError("-a until: a window is of one day, -a days_ahead and -a days_back are of several")
        self.begin_round(self.days.dates[0], int(give_up_at) if give_up_at else None)
        self.problems = []
        self._finished: frozenset[int] = frozenset()
        self._finished_known = False  # the end of a window's poll has read them for the next one
        self._due: frozenset[int] | None = None
        missing = self.required_options - track.options.keys()
        if missing:
            raise ConfigError(f"tracks.yaml: {track.key}: options: {', '.join(sorted(missing))} must be set")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        settings: Settings = crawler.settings["HORSES"]
        key = cls.name.removeprefix("track_")
        track = settings.tracks.get(key)
        if track is None:
            faults = "; ".join(settings.track_faults) or "it has no block"
            raise ConfigError(f"tracks.yaml: track {key} cannot be crawled: {faults}")
        given = {"now": clock.from_environment(), **kwargs}  # `scrapy reparse` gives another clock
        made = super().from_crawler(
            crawler,
            *args,
            track=track,
            source_config=settings.sources[track.source],
            home=settings.home,
            credentials=settings.credentials,
            **given,
        )
        made.arguments = {name: value for name, value in kwargs.items() if name in ARGUMENTS}
        one_round = crawler.settings.getfloat("CLOSESPIDER_TIMEOUT")
        if one_round and made.lifetime(one_round) > one_round:
            crawler.settings.set("CLOSESPIDER_TIMEOUT", made.lifetime(one_round), "spider")
        return made

    async def asks(self) -> AsyncIterator[Request | AnyItem]:
        for request in self.card_requests():
            yield request

    def look_back(self) -> None:
        """A card that says "official" must not hide the final board: what is stored is asked before anything is stored.

        Raises NothingDue.
        """
        self._due = None
        if not self._finished_known:
            self._finished = frozenset() if self.days.again else self.run.finished_races(self.race_date)
        if self.window is not None and self.asked.races and self.asked.races <= self._finished:
            raise NothingDue(f"no race that was asked for at {self.track.key} on {self.race_date} is still to come")
        if self.asked.due is None and not self.status_on_card:
            return
        posts = self.run.post_times(self.race_date)
        now = self.clock.now()
        if self.asked.due is not None:
            last = now + dt.timedelta(minutes=self.asked.due)
            self._due = frozenset(number for number, post in posts.items() if post <= last) - self._finished
            if not self._due:
                raise NothingDue(
                    f"no race of {self.track.key} on {self.race_date} is within {self.asked.due} minutes of its post"
                    f" ({len(posts)} post times are stored)"
                )
        if self.status_on_card and any(post <= now for number, post in posts.items() if self._asked_for(number)):
            self.cached_cards = False

    def all_over(self) -> bool:
        """Of the races asked for, else of those whose post time is stored."""
        self._finished, self._finished_known = self.run.finished_races(self.race_date), True
        races = self.asked.races or frozenset(self.run.post_times(self.race_date))
        return bool(races) and races <= self._finished

    def card_requests(self) -> Iterator[Request]:
        """The requests that find the day's races."""
        raise NotImplementedError

    def get(
        self,
        url: str,
        callback: Callable[..., Any],
        *,
        card: bool = False,
        fresh: bool = False,
        race_number: int = 0,
        headers: Mapping[str, str] | None = None,
        meta: Mapping[str, Any] | None = None,
        **context: Any,
    ) -> Request:
        """A request whose failure ends in the run's outcome; `context` goes to the callback by name.

        card: the answer may be kept for later runs; fresh: this run wants none that an earlier one kept. A race's
        requests are done before those of the next: the nearest post first.
        """
        more = {**(meta or {}), "fresh": fresh}
        return self._request(url, callback, "GET", b"", card, race_number, headers or {}, more, context)

    def post(
        self,
        url: str,
        body: bytes,
        callback: Callable[..., Any],
        *,
        content_type: str,
        card: bool = False,
        race_number: int = 0,
        headers: Mapping[str, str] | None = None,
        **context: Any,
    ) -> Request:
        """A query that its service takes by POST. It changes nothing there, so it is retried and kept like a GET."""
        sent = {"Content-Type": content_type, **(headers or {})}
        return self._request(url, callback, "POST", body, card, race_number, sent, {}, context)

    def post_json(self, url: str, payload: Any, callback: Callable[..., Any], **options: Any) -> Request:
        """`post` of a JSON document; `options` are those of `post`."""
        body = json.dumps(payload, separators=(",", ":")).encode()
        return self.post(url, body, callback, content_type="application/json", **options)

    def _request(
        self, url: str, callback: Callable[..., Any], method: str, body: bytes, card: bool, race_number: int,
        headers: Mapping[str, str], meta: Mapping[str, Any], context: dict[str, Any],
    ) -> Request:  # fmt: skip
        return Request(
            url,
            method=method,
            body=body,
            callback=callback,
            errback=self.failed,
            headers={**self.headers, **headers, **self.source_config.headers},
            cb_kwargs=context,
            meta={**meta, "query": True, "card": card},
            priority=-race_number,
        )

    def failed(self, failure: Failure) -> None:
        """Note a failed download: the run ends with the outcome that it stands for."""
        error = failure.value
        assert error is not None
        self.note(error, str(error))

    def failed_with(self, failure: Failure) -> dict[str, Any]:
        """`failed`, for a request whose failure costs only a part of a board: the context that it was asked with."""
        self.failed(failure)
        request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy sets it
        return request.cb_kwargs

    def note(self, problem: BaseException, text: str) -> None:
        """Something could not be read: one line in the log, and a say in the run's outcome."""
        self.problems.append(problem)
        self.logger.warning("%s: %s", type(problem).__name__, text)

    def check_asked(self, card: Iterable[RaceItem]) -> None:
        """Raises NoCard if a race that was asked for is not on the card."""
        missing = self.asked.races - {race.race_number for race in card}
        if missing:
            numbers = ", ".join(map(str, sorted(missing)))
            raise NoCard(f"no race {numbers} at {self.track.key} on {self.race_date}")

    def visit(self, response: Response) -> Visit:
        """The context of a response; the time is the one at which it came from the site."""
        meta = response.meta if response.request is not None else {}
        fetched_at = meta.get("fetched_at")
        return Visit(self.track, self.race_date, self.clock.now() if fetched_at is None else fetched_at)

    def wants(self, part: Part) -> bool:
        """Whether items of that kind are asked for."""
        return self.asked.only in {None, part}

    def wanted(self, race: RaceItem) -> bool:
        """Whether this run reads the race's board: the races asked for, else all whose end is not stored yet."""
        if self.asked.only == "card" or (self.asked.only == "results" and not self._may_be_over(race)):
            return False
        return self._asked_for(race.race_number)

    def reads(self, race: RaceItem) -> bool:
        """Whether this run asks for the race's own page, where the entries stand there: they belong to the card."""
        return self.wanted(race) or (self.asked.only == "card" and self._asked_for(race.race_number))

    def _asked_for(self, number: int) -> bool:
        if self._due is not None and number not in self._due:
            return False
        if not self.asked.races:
            return number not in self._finished
        over = self.window is not None and number in self._finished  # a window goes on for the others
        return number in self.asked.races and not over

    def _may_be_over(self, race: RaceItem) -> bool:
        return race.status in OVER or (race.post_time is not None and race.post_time <= self.clock.now())

    def credential(self, name: str) -> str:
        """The value of the environment variable, or the absolute path, that the source's `auth` names."""
        told = self.source_config.auth[name]
        return self.credentials[told].get_secret_value() if is_variable(told) else str(self.home / told)

    def _check_credentials(self) -> None:
        missing = missing_credentials(self.required_auth, self.source_config, self.home, self.credentials)
        if missing:
            raise MissingCredentials(f"{self.track.source}: {'; '.join(missing)}")


def missing_credentials(
    names: Iterable[str], source: SourceConfig, home: Path, credentials: Mapping[str, SecretStr]
) -> list[str]:
    """A line for each name that the source's `auth` does not map to what is there."""
    found = (_missing(name, source.auth.get(name), home, credentials) for name in sorted(names))
    return [text for text in found if text is not None]


def _missing(name: str, told: str | None, home: Path, credentials: Mapping[str, SecretStr]) -> str | None:
    if told is None:
        return f"auth.{name} is not set in tracks.yaml"
    if is_variable(told):
        return None if told in credentials else f"auth.{name}: the environment variable {told} is not set"
    path = home / told
    return None if path.exists() else f"auth.{name}: {path} does not exist"
