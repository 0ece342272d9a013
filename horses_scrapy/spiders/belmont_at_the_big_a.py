"""Belmont at the Big A, by NYRA Bets."""

from horses_scrapy.sources.nyra import NyraSpider


class BelmontAtTheBigASpider(NyraSpider):
    name = "track_belmont_at_the_big_a"
