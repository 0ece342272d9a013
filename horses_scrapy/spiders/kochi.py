"""Kochi, Japan (a local track, NAR)."""

from horses_scrapy.sources.netkeiba import NetkeibaSpider


class KochiSpider(NetkeibaSpider):
    name = "track_kochi"
