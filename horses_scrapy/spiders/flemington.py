"""Flemington, Melbourne, Victoria, Australia."""

from horses_scrapy.sources.tab_au import TabAuSpider


class FlemingtonSpider(TabAuSpider):
    name = "track_flemington"
