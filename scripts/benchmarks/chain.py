"""A run's real pipelines on a database of its own, made as Scrapy makes them."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from scrapy.crawler import Crawler

from benchmarks.scene import CODE, SPREAD, told_rules
from benchmarks.tote import LABELS, SOURCE, Race, track_of
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.items import AnyItem
from horses_scrapy.pipelines.alert import Alert
from horses_scrapy.pipelines.sanity import Sanity
from horses_scrapy.pipelines.store import Store as StorePipeline
from horses_scrapy.pipelines.validate import Validate
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.runs import Run
from horses_scrapy.track_spider import TrackSpider

KEY = "gulf"
TRACK = track_of(KEY, CODE)
RULES = 50
OF_NO_HORSE = frozenset({"pool_above"})
STORE: Sequence[type] = (Validate, StorePipeline)
ALERT: Sequence[type] = (Validate, StorePipeline, Alert)
ALL: Sequence[type] = (Validate, Sanity, StorePipeline, Alert)


class GulfSpider(TrackSpider):
    name = f"track_{KEY}"
    source = SOURCE


class Chain:
    """Cards are stored at once. `settings.home` is new."""

    def __init__(self, settings: Settings, pipelines: Iterable[type], races: Iterable[Race]) -> None:
        crawler = Crawler(GulfSpider, {"HORSES": settings})
        spider = GulfSpider.from_crawler(crawler, date=None)
        self.store = open_store(settings, Clock())
        spider.run = Run.begin(self.store, Clock(), spider=GulfSpider.name, track=KEY, source=SOURCE.name, job_id=None)
        spider.run.take_lease()
        crawler.spider = spider
        self._steps: list[Callable[[AnyItem], AnyItem]] = [
            made.from_crawler(crawler).process_item for made in pipelines
        ]
        for race in races:
            self.process(race.card())

    def close(self) -> None:
        self.store.close()

    def process(self, item: AnyItem) -> AnyItem:
        for step in self._steps:
            item = step(item)
        return item


def rules() -> Iterator[dict[str, Any]]:
    """Every kind for all horses; the others look at one horse each, as people's do: copies would only fire together."""
    for number, told in enumerate(told_rules(RULES)):
        one = (
            {}
            if number < len(SPREAD) or told["kind"] in OF_NO_HORSE
            else {"program_numbers": [LABELS[number % len(LABELS)]]}
        )
        yield {**told, "scope": {**told["scope"], **one}}


def settings_at(home: Path) -> Settings:
    """With the track, and a file of RULES rules."""
    folder = home / "config"
    folder.mkdir(parents=True)
    (folder / "alerts.yaml").write_text(json.dumps({"rules": list(rules())}), encoding="utf-8")
    told = {"home": home, "config_file": folder / "config.yaml", "smtp": {"recipients": ["you@example.com"]}}
    return Settings.model_validate(told | {"sources": {SOURCE.name: {}}, "tracks": {KEY: TRACK}})
