"""Cagnes-sur-Mer, France: flat, jumps and trotting."""

from horses_scrapy.sources.pmu import PmuSpider


class CagnesSurMerSpider(PmuSpider):
    name = "track_cagnes_sur_mer"
