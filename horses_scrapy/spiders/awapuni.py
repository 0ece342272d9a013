"""Awapuni, New Zealand."""

from horses_scrapy.sources.tab_nz import TabNzSpider


class AwapuniSpider(TabNzSpider):
    name = "track_awapuni"
