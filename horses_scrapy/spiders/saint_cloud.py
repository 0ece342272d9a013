"""Saint-Cloud, France."""

from horses_scrapy.sources.pmu import PmuSpider


class SaintCloudSpider(PmuSpider):
    name = "track_saint_cloud"
