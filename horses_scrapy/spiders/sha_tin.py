"""Sha Tin, Hong Kong."""

from horses_scrapy.sources.hkjc import HkjcSpider


class ShaTinSpider(HkjcSpider):
    name = "track_sha_tin"
