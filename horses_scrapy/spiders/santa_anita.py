"""Santa Anita Park, by FanDuel Racing."""

from horses_scrapy.sources.tvg import TvgSpider


class SantaAnitaSpider(TvgSpider):
    name = "track_santa_anita"
