"""Drives a spider through its callbacks with saved answers: no network, no database, a clock that stands still."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from scrapy.exceptions import DownloadConnectionRefusedError
from scrapy.http import Request, TextResponse
from twisted.python.failure import Failure

from horses_scrapy.clock import Clock, to_ms
from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError, SourceError, UnknownOdds
from horses_scrapy.items import AnyItem
from horses_scrapy.track_spider import TrackSpider

Pages = Callable[[Request], bytes | None]
"""The body that answers a request; None: the download fails."""


@dataclass(frozen=True)
class Frozen(Clock):
    """A clock that stands still, at an instant in ISO 8601 with its offset."""

    instant: str = "2026-01-01T00:00:00Z"

    def now_ms(self) -> int:
        return to_ms(datetime.fromisoformat(self.instant))


@dataclass(slots=True)
class Read:
    """What a crawl gave: its items, and the words of each answer that could not be read."""

    items: list[AnyItem] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        items = [{"kind": type(item).__name__, **asdict(item)} for item in self.items]
        return {"error": "; ".join(self.errors) or None, "items": items}


def spider_of(settings: Settings, spider: type[TrackSpider], frozen_time: str, **arguments: str) -> TrackSpider:
    """The spider with its track's block. Raises ConfigError where that is not sound."""
    track = settings.tracks.get(spider.name.removeprefix("track_"))
    if track is None:
        raise ConfigError(f"{spider.name}: no sound block in tracks.yaml: {'; '.join(settings.track_faults)}")
    return spider(
        track=track,
        source_config=settings.sources[track.source],
        home=settings.home,
        credentials=settings.credentials,
        now=Frozen(instant=frozen_time),
        **arguments,
    )


def read_all(spider: TrackSpider, page: Pages) -> Read:
    """A crawl in the order in which it asks: the lowest race first, then breadth first. One bad answer ends nothing."""
    found = Read()
    queue: list[Request] = []
    try:
        queue += spider.card_requests()
    except SourceError as error:  # a card that is no page, but a file
        found.errors.append(f"{type(error).__name__}: {error}")
    while queue:
        queue.sort(key=lambda request: -request.priority)
        request = queue.pop(0)
        try:
            for result in _answer(request, page(request)):
                (queue if isinstance(result, Request) else found.items).append(result)
        except (SourceError, UnknownOdds) as error:
            found.errors.append(f"{type(error).__name__}: {error}")
    return found


def _answer(request: Request, body: bytes | None) -> Iterator[Any]:
    assert request.callback is not None
    assert request.errback is not None
    if body is not None:
        response = TextResponse(request.url, body=body, encoding="utf-8", request=request)
        yield from request.callback(response, **request.cb_kwargs) or ()
        return
    failure = Failure(DownloadConnectionRefusedError(request.url))  # type: ignore[no-untyped-call]
    failure.request = request  # type: ignore[attr-defined]  # as Scrapy does
    yield from request.errback(failure) or ()


def pages(bodies: Mapping[str, bytes | None]) -> Pages:
    """By words: a request is answered by the longest key all of whose words occur in its method, URL or body.

    Raises KeyError for a request that no key answers.
    """

    def page(request: Request) -> bytes | None:
        said = f"{request.method} {request.url} {request.body.decode()}"
        found = [key for key in bodies if all(word in said for word in key.split())]
        if not found:
            raise KeyError(said)
        return bodies[max(found, key=len)]

    return page
