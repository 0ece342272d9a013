"""Kyoto, Japan (JRA)."""

from horses_scrapy.sources.netkeiba import NetkeibaSpider


class KyotoSpider(NetkeibaSpider):
    name = "track_kyoto"
