"""Bjerke, Oslo: trotting."""

from horses_scrapy.sources.rikstoto import RikstotoSpider


class BjerkeSpider(RikstotoSpider):
    name = "track_bjerke"
