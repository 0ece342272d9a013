"""Addington (harness), New Zealand."""

from horses_scrapy.sources.tab_nz import TabNzSpider


class AddingtonSpider(TabNzSpider):
    name = "track_addington"
