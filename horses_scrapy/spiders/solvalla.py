"""Solvalla, Stockholm: trotting."""

from horses_scrapy.sources.atg import AtgSpider


class SolvallaSpider(AtgSpider):
    name = "track_solvalla"
