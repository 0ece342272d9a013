"""Nakayama, Japan (JRA)."""

from horses_scrapy.sources.netkeiba import NetkeibaSpider


class NakayamaSpider(NetkeibaSpider):
    name = "track_nakayama"
