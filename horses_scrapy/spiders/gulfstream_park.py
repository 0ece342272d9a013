"""Gulfstream Park, by FanDuel Racing."""

from horses_scrapy.sources.tvg import TvgSpider


class GulfstreamParkSpider(TvgSpider):
    name = "track_gulfstream_park"
