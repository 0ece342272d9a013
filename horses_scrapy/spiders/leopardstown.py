"""Leopardstown, Ireland, on Betfair's exchange."""

from horses_scrapy.sources.betfair import BetfairSpider


class LeopardstownSpider(BetfairSpider):
    name = "track_leopardstown"
