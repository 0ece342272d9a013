"""One key names the file, the spider and the block of tracks.yaml."""

import pytest
import yaml
from crawling import ROOT
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader

from horses_scrapy.track_spider import TrackSpider

TRACKS = yaml.safe_load((ROOT / "config/tracks.yaml").read_text("utf-8"))["tracks"]
LOADER = SpiderLoader.from_settings(Settings({"SPIDER_MODULES": ["horses_scrapy.spiders"]}))


def test_every_track_has_a_spider_and_every_spider_a_track() -> None:
    assert set(LOADER.list()) == {f"track_{key}" for key in TRACKS}


@pytest.mark.parametrize("name", sorted(LOADER.list()))
def test_a_spider_is_in_the_file_of_its_track_and_reads_its_source(name: str) -> None:
    key = name.removeprefix("track_")
    spider = LOADER.load(name)
    assert spider.__module__ == f"horses_scrapy.spiders.{key}"
    assert issubclass(spider, TrackSpider)
    assert spider.source.name == TRACKS[key]["source"]
