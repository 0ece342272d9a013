"""Happy Valley, Hong Kong."""

from horses_scrapy.sources.hkjc import HkjcSpider


class HappyValleySpider(HkjcSpider):
    name = "track_happy_valley"
