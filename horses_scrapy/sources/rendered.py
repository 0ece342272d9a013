"""Base of boards that only a browser shows: their requests go to a headless Chromium and come back as the finished page.

A subclass names what is there once its page is complete (`settled`) and asks with `self.render(...)`; everything after that is as
in any source: `response.body` is the HTML of the page at that moment, and parse functions read it. Playwright is loaded, and
its driver started, only for spiders of this kind, and only for the scheme of the track's base_url: another crawl pays nothing.

The page and all that it loads itself stay on the track's host (rendered_handler.py). robots.txt and the pace of requests hold
for the page; what its script then fetches belongs to it. A page that does not settle in `http.timeout` seconds ends as
`timeout`; without a Chromium (rendered_browser.py says where one is looked for) the run is `skipped`, and says what to install.
"""

import os
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar
from urllib.parse import urlsplit

from scrapy.http import Request
from scrapy.settings import BaseSettings

from horses_scrapy.config import Settings
from horses_scrapy.errors import MissingBrowser
from horses_scrapy.sources.rendered_browser import BASE_URL, find_browser, launch_options
from horses_scrapy.track_spider import TrackSpider

HANDLER = "horses_scrapy.sources.rendered_handler.RenderedHandler"


class RenderedSpider(TrackSpider):
    settled: ClassVar[str]
    """CSS of what the page holds once it is complete: its script's last act."""

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Without track or browser nothing is loaded: `from_crawler` and `start` then say what is wrong."""
        super().update_settings(settings)
        horses: Settings = settings["HORSES"]
        track = horses.tracks.get(cls.name.removeprefix("track_"))
        if track is None or not settings.getbool("STATE_FILES", default=True):
            return  # no such block; or a `scrapy shell`, whose reactor runs in a thread where Playwright's driver hangs
        try:
            browser = find_browser(track.options, os.environ)
        except MissingBrowser:
            return
        scheme = urlsplit(track.base_url).scheme
        handlers = {**settings.getdict("DOWNLOAD_HANDLERS"), scheme: HANDLER}
        settings.set("DOWNLOAD_HANDLERS", handlers, "spider")
        settings.set(BASE_URL, track.base_url, "spider")
        options = launch_options(browser, track.base_url, settings["USER_AGENT"])
        settings.set("PLAYWRIGHT_LAUNCH_OPTIONS", options, "spider")
        settings.set("PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT", horses.http.timeout * 1000, "spider")

    async def start(self) -> AsyncIterator[Request]:
        try:
            find_browser(self.track.options, os.environ)
        except MissingBrowser as error:
            self.note(error, str(error))
            return
        async for request in super().start():
            yield request

    def render(self, url: str, callback: Callable[..., Any], **options: Any) -> Request:
        """`get` by the browser; `options` are those of `get`."""
        return self.get(url, callback, meta={"settled": self.settled}, **options)
