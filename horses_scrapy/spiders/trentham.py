"""Trentham, New Zealand."""

from horses_scrapy.sources.tab_nz import TabNzSpider


class TrenthamSpider(TabNzSpider):
    name = "track_trentham"
