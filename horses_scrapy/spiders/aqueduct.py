"""Aqueduct, by NYRA Bets."""

from horses_scrapy.sources.nyra import NyraSpider


class AqueductSpider(NyraSpider):
    name = "track_aqueduct"
