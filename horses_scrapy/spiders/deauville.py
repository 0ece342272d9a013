"""Deauville, France (La Touques)."""

from horses_scrapy.sources.pmu import PmuSpider


class DeauvilleSpider(PmuSpider):
    name = "track_deauville"
