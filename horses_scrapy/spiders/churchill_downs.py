"""Churchill Downs, by NYRA Bets."""

from horses_scrapy.sources.nyra import NyraSpider


class ChurchillDownsSpider(NyraSpider):
    name = "track_churchill_downs"
