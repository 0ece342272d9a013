"""Cambridge Synthetic, New Zealand."""

from horses_scrapy.sources.tab_nz import TabNzSpider


class CambridgeSpider(TabNzSpider):
    name = "track_cambridge"
