"""Synthetic Downs: `python -m horses_scrapy.simulator` runs it."""

from horses_scrapy.sources.demo import DemoSpider


class DemoTrackSpider(DemoSpider):
    name = "track_demo"
