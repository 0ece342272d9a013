"""The spider that every source builds on: it knows its track, its date, its races, its run, and when to give up."""

import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

import scrapy
from scrapy.crawler import Crawler
from scrapy.http import Request
from twisted.python.failure import Failure

from horses_scrapy import clock
from horses_scrapy.config import Settings, SourceConfig, Track
from horses_scrapy.errors import ConfigError, NoCard
from horses_scrapy.items import RaceItem, Source
from horses_scrapy.storage.runs import Run


@dataclass(frozen=True, slots=True)
class Visit:
    """The context of one response for a pure parse function: whose page it is, for which day, and when it came."""

    track: Track
    race_date: dt.date
    fetched_at: dt.datetime


class TrackSpider(scrapy.Spider):
    """Base of all sources. A track's spider is named `track_<key>` after its block in tracks.yaml.

    Arguments (`-a`): race=3 or race=3,4 (else every race that is not final), date=2026-05-02 (else today at the track);
    the scheduler adds give_up_at (epoch ms: no retry waits beyond it).
    """

    source: ClassVar[Source]
    run: Run  # set by the crawl_run extension when the spider opens

    def __init__(
        self,
        *,
        track: Track,
        source_config: SourceConfig,
        now: clock.Clock,
        race: str | None = None,
        date: str | None = None,
        give_up_at: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.track = track
        self.source_config = source_config
        self.clock = now
        self.races = _race_numbers(race)
        today = now.now().astimezone(ZoneInfo(track.timezone)).date()
        self.race_date = _race_date(date, today)
        self.history = self.race_date < today
        self.give_up_at = int(give_up_at) if give_up_at else None
        self.problems: list[BaseException] = []
        self._finished: frozenset[int] = frozenset()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        settings: Settings = crawler.settings["HORSES"]
        key = cls.name.removeprefix("track_")
        track = settings.tracks.get(key)
        if track is None:
            faults = "; ".join(settings.track_faults) or "it has no block"
            raise ConfigError(f"tracks.yaml: track {key} cannot be crawled: {faults}")
        return super().from_crawler(
            crawler,
            *args,
            track=track,
            source_config=settings.sources[track.source],
            now=clock.from_environment(),
            **kwargs,
        )

    async def start(self) -> AsyncIterator[Request]:
        # Asked before this run stores anything: a card that says "official" must not hide the final board from it.
        self._finished = self.run.finished_races(self.race_date)
        for request in self.card_requests():
            yield request

    def card_requests(self) -> Iterator[Request]:
        """The requests that find the day's races."""
        raise NotImplementedError

    def get(
        self,
        url: str,
        callback: Callable[..., Any],
        *,
        race_number: int = 0,
        headers: dict[str, str] | None = None,
        **context: Any,
    ) -> Request:
        """A request whose failure ends in the run's outcome; `context` goes to the callback by name.

        A race's requests are done before those of the next: the nearest post first.
        """
        return Request(
            url,
            callback=callback,
            errback=self.failed,
            headers=headers,
            cb_kwargs=context,
            priority=-race_number,
        )

    def failed(self, failure: Failure) -> None:
        """Note a failed download: the run ends with the outcome that it stands for."""
        error = failure.value
        assert error is not None
        self.note(error, str(error))

    def note(self, problem: BaseException, text: str) -> None:
        """Something could not be read: one line in the log, and a say in the run's outcome."""
        self.problems.append(problem)
        self.logger.warning("%s: %s", type(problem).__name__, text)

    def check_asked(self, card: Iterable[RaceItem]) -> None:
        """Raises NoCard if a race that was asked for is not on the card."""
        missing = self.races - {race.race_number for race in card}
        if missing:
            numbers = ", ".join(map(str, sorted(missing)))
            raise NoCard(f"no race {numbers} at {self.track.key} on {self.race_date}")

    def visit(self) -> Visit:
        """The context for a response that has just come."""
        return Visit(self.track, self.race_date, self.clock.now())

    def wanted(self, race: RaceItem) -> bool:
        """Whether this run reads the race's board: the races asked for, else all whose end is not stored yet."""
        if self.races:
            return race.race_number in self.races
        return race.race_number not in self._finished


def _race_numbers(text: str | None) -> frozenset[int]:
    try:
        return frozenset(int(part) for part in text.split(",")) if text else frozenset()
    except ValueError as error:
        raise ConfigError(f"-a race={text}: race numbers separated by commas are expected") from error


def _race_date(text: str | None, today: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(text) if text else today
    except ValueError as error:
        raise ConfigError(f"-a date={text}: a date such as 2026-05-02 is expected") from error
