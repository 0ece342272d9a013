"""Del Mar, by FanDuel Racing."""

from horses_scrapy.sources.tvg import TvgSpider


class DelMarSpider(TvgSpider):
    name = "track_del_mar"
