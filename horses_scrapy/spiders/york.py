"""York, England, on Betfair's exchange."""

from horses_scrapy.sources.betfair import BetfairSpider


class YorkSpider(BetfairSpider):
    name = "track_york"
