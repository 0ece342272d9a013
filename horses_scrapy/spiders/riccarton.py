"""Riccarton Park, New Zealand."""

from horses_scrapy.sources.tab_nz import TabNzSpider


class RiccartonSpider(TabNzSpider):
    name = "track_riccarton"
