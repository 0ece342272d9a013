"""Drives a spider through its callbacks with saved pages: no network, no engine, a clock that stands still."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crawling import ROOT
from scrapy.http import Request, TextResponse

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
    return spider(track=track, source_config=sources[track.source], now=Frozen(instant=frozen_time), **arguments)


def follow(spider: TrackSpider, page: Callable[[str], bytes]) -> Iterator[AnyItem]:
    """All items of a crawl, breadth first; `page` gives the body of a URL's path."""
    queue: list[Request] = list(spider.card_requests())
    while queue:
        request = queue.pop(0)
        response = TextResponse(request.url, body=page(urlsplit(request.url).path), encoding="utf-8", request=request)
        assert request.callback is not None
        for result in request.callback(response, **request.cb_kwargs):
            if isinstance(result, Request):
                queue.append(result)
            else:
                yield result


def outcome(spider: TrackSpider, page: Callable[[str], bytes]) -> dict[str, Any]:
    """What a crawl gives, as plain values: its items by kind, and the error that ended it."""
    items: list[dict[str, Any]] = []
    error = None
    try:
        items.extend({"kind": type(item).__name__, **asdict(item)} for item in follow(spider, page))
    except HorsesError as raised:
        error = f"{type(raised).__name__}: {raised}"
    return {"error": error, "items": items}


def pages(bodies: Mapping[str, bytes]) -> Callable[[str], bytes]:
    return bodies.__getitem__
