"""Woodbine, by FanDuel Racing."""

from horses_scrapy.sources.tvg import TvgSpider


class WoodbineSpider(TvgSpider):
    name = "track_woodbine"
