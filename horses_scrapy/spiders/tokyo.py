"""Tokyo, Japan (JRA)."""

from horses_scrapy.sources.netkeiba import NetkeibaSpider


class TokyoSpider(NetkeibaSpider):
    name = "track_tokyo"
