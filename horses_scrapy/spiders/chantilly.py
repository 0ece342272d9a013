"""Chantilly, France."""

from horses_scrapy.sources.pmu import PmuSpider


class ChantillySpider(PmuSpider):
    name = "track_chantilly"
