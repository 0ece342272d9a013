"""Saratoga, by NYRA Bets."""

from horses_scrapy.sources.nyra import NyraSpider


class SaratogaSpider(NyraSpider):
    name = "track_saratoga"
