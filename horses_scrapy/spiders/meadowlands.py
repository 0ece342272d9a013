"""The Meadowlands (harness), by FanDuel Racing."""

from horses_scrapy.sources.tvg import TvgSpider


class MeadowlandsSpider(TvgSpider):
    name = "track_meadowlands"
