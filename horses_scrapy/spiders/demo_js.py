"""Synthetic Downs by its JavaScript board, in a headless Chromium (`python -m horses_scrapy.simulator` runs the track)."""

from horses_scrapy.sources.rendered_demo import RenderedDemoSpider


class DemoJsSpider(RenderedDemoSpider):
    name = "track_demo_js"
