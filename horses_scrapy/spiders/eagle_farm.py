"""Eagle Farm, Brisbane, Queensland, Australia."""

from horses_scrapy.sources.tab_au import TabAuSpider


class EagleFarmSpider(TabAuSpider):
    name = "track_eagle_farm"
