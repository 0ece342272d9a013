"""Drives a spider through its callbacks with saved pages: no network, no engine, a clock that stands still."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from crawling import ROOT
from scrapy.exceptions import DownloadConnectionRefusedError
from scrapy.http import Request, TextResponse
from twisted.python.failure import Failure

from horses_scrapy.clock import Clock, to_ms
from horses_scrapy.config.tracks import parse_tracks
from horses_scrapy.config.yaml_file import read
from horses_scrapy.errors import HorsesError
from horses_scrapy.items import AnyItem
from horses_scrapy.track_spider import TrackSpider


@dataclass(frozen=True)
class Frozen(Clock):
    instant: str = "2026-01-01T00:00:00Z"

    def now_ms(self) -> int:
        return to_ms(datetime.fromisoformat(self.instant))


def spider_of(spider: type[TrackSpider], frozen_time: str, **arguments: str) -> TrackSpider:
    """The spider with its track's block of config/tracks.yaml."""
    sources, tracks, _ = parse_tracks(read(ROOT / "config/tracks.yaml"))
    track = tracks[spider.name.removeprefix("track_")]
    return spider(
        track=track, source_config=sources[track.source], home=ROOT, now=Frozen(instant=frozen_time), **arguments
    )


Pages = Callable[[Request], bytes | None]
"""The body that answers a request; None: the download fails."""


def follow(spider: TrackSpider, page: Pages) -> Iterator[AnyItem]:
    """All items of a crawl, in the order in which it asks: the lowest race first, then breadth first."""
    queue: list[Request] = list(spider.card_requests())
    while queue:
        queue.sort(key=lambda request: -request.priority)
        request = queue.pop(0)
        for result in _answer(request, page(request)):
            if isinstance(result, Request):
                queue.append(result)
            else:
                yield result


def _answer(request: Request, body: bytes | None) -> Iterable[Any]:
    assert request.callback is not None
    assert request.errback is not None
    if body is not None:
        response = TextResponse(request.url, body=body, encoding="utf-8", request=request)
        return request.callback(response, **request.cb_kwargs) or ()
    failure = Failure(DownloadConnectionRefusedError(request.url))
    failure.request = request  # as Scrapy does
    return request.errback(failure) or ()


def outcome(spider: TrackSpider, page: Pages) -> dict[str, Any]:
    """What a crawl gives, as plain values: its items by kind, and the error that ended it."""
    items: list[dict[str, Any]] = []
    error = None
    try:
        items.extend({"kind": type(item).__name__, **asdict(item)} for item in follow(spider, page))
    except HorsesError as raised:
        error = f"{type(raised).__name__}: {raised}"
    return {"error": error, "items": items}


def pages(bodies: Mapping[str, bytes | None]) -> Pages:
    """By words: a request is answered by the longest key all of whose words occur in its method, URL or body."""

    def page(request: Request) -> bytes | None:
        said = f"{request.method} {request.url} {request.body.decode()}"
        found = [key for key in bodies if all(word in said for word in key.split())]
        if not found:
            raise KeyError(said)
        return bodies[max(found, key=len)]

    return page
