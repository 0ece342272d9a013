"""Keeneland, by FanDuel Racing."""

from horses_scrapy.sources.tvg import TvgSpider


class KeenelandSpider(TvgSpider):
    name = "track_keeneland"
