"""ParisLongchamp, France."""

from horses_scrapy.sources.pmu import PmuSpider


class ParislongchampSpider(PmuSpider):
    name = "track_parislongchamp"
