"""Morphettville, Adelaide, South Australia, Australia."""

from horses_scrapy.sources.tab_au import TabAuSpider


class MorphettvilleSpider(TabAuSpider):
    name = "track_morphettville"
