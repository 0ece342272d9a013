"""Oaklawn Park, by FanDuel Racing."""

from horses_scrapy.sources.tvg import TvgSpider


class OaklawnSpider(TvgSpider):
    name = "track_oaklawn"
