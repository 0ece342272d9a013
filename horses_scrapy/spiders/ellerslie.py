"""Ellerslie, New Zealand."""

from horses_scrapy.sources.tab_nz import TabNzSpider


class EllerslieSpider(TabNzSpider):
    name = "track_ellerslie"
