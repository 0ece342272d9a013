"""Ascot, England, on Betfair's exchange."""

from horses_scrapy.sources.betfair import BetfairSpider


class AscotSpider(BetfairSpider):
    name = "track_ascot"
