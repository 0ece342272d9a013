"""Royal Randwick, Sydney, New South Wales, Australia."""

from horses_scrapy.sources.tab_au import TabAuSpider


class RandwickSpider(TabAuSpider):
    name = "track_randwick"
