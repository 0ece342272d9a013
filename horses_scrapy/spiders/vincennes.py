"""Paris-Vincennes, France: trotting."""

from horses_scrapy.sources.pmu import PmuSpider


class VincennesSpider(PmuSpider):
    name = "track_vincennes"
