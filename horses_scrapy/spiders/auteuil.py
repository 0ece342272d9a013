"""Auteuil, Paris: jumps."""

from horses_scrapy.sources.pmu import PmuSpider


class AuteuilSpider(PmuSpider):
    name = "track_auteuil"
