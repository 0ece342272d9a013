"""Hanshin, Japan (JRA)."""

from horses_scrapy.sources.netkeiba import NetkeibaSpider


class HanshinSpider(NetkeibaSpider):
    name = "track_hanshin"
