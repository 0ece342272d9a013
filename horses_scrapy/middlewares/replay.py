"""Answers from a run's archive (archive.py) in place of the network: `scrapy reparse`.

What the archive does not hold is not answered: neither callback nor errback is called.
"""

import json
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self, cast

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

from horses_scrapy.clock import Clock, from_ms
from horses_scrapy.errors import ConfigError
from horses_scrapy.items import AnyItem
from horses_scrapy.middlewares import saved
from horses_scrapy.middlewares.archive import ABOUT, asked_as
from horses_scrapy.storage.runs import Fault, Run
from horses_scrapy.track_spider import TrackSpider

PLACE = "archived_as"
"""In a response's meta: its number in the archive."""
FOLDER = "REPLAY_FOLDER"
_AT = "archived_at"


class FailedThen(IgnoreRequest):
    """The request failed in the run that is replayed; says how."""


@dataclass(frozen=True)
class ReplayClock(Clock):
    """The spider's clock of then: it stands where the last answer came."""

    shows: list[int] = field(default_factory=list)

    def now_ms(self) -> int:
        return self.shows[-1]


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knew when the run opened: the part of storage.runs.Run that a spider asks for."""

    finished: frozenset[int]
    posts: Mapping[int, datetime]

    def finished_races(self, _: date) -> frozenset[int]:
        return self.finished

    def post_times(self, _: date) -> dict[int, datetime]:
        return dict(self.posts)

    def reject(self, item: AnyItem, faults: list[Fault]) -> None:
        """The validate pipeline drops the item as it did then; nothing is stored."""


@dataclass(frozen=True, slots=True)
class Past:
    """A run as its archive tells of it."""

    spider: str
    arguments: dict[str, str]
    started_at: int
    known: Known


def past(folder: Path) -> Past:
    """Raises ConfigError."""
    path = folder / ABOUT
    try:
        told = json.loads(path.read_text("utf-8"))
        posts = {int(number): from_ms(post) for number, post in told["post_times"].items()}
        known = Known(frozenset(told["finished_races"]), posts)
        return Past(told["spider"], told["arguments"], told["started_at"], known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: not what the archive writes: {type(error).__name__}: {error}") from error


class Replay:
    """A downloader middleware, and the only one: nothing passes it."""

    def __init__(self, folder: Path) -> None:
        self._answers: defaultdict[tuple[str, ...], deque[tuple[int, dict[str, Any], bytes]]] = defaultdict(deque)
        for path in sorted(folder.glob("*.gz"), key=lambda path: int(path.stem)):
            head, body = saved.read(path)
            self._answers[_key(head)].append((int(path.stem), head, body))

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        folder = Path(crawler.settings[FOLDER])
        spider = crawler.spider
        assert isinstance(spider, TrackSpider)
        spider.run = cast("Run", past(folder).known)
        return cls(folder)

    def process_request(self, request: Request) -> Response:
        """The first answer, then the second where the run asked twice. Raises IgnoreRequest."""
        answers = self._answers[_key(asked_as(request))]
        if not answers:
            request.errback = None
            raise IgnoreRequest(f"{request.url} is not in the archive")
        place, head, body = answers.popleft()
        request.meta.update({PLACE: place, _AT: head["at"]})
        if "failure" in head:
            raise FailedThen(head["failure"])
        if head["fetched_at"] is not None:
            request.meta["fetched_at"] = datetime.fromisoformat(head["fetched_at"])
        return saved.response_of(head, body, head["flags"])


class ReplayedTime:
    """A spider middleware: a callback finds the time of then on the spider's clock."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_spider_input(self, response: Response) -> None:
        spider = self._crawler.spider
        assert isinstance(spider, TrackSpider)
        assert isinstance(spider.clock, ReplayClock)
        spider.clock.shows.append(response.meta[_AT])


def _key(told: Mapping[str, str]) -> tuple[str, ...]:
    return told["method"], told["request_url"], told["request_body"]
