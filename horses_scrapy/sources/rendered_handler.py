"""The download handler of rendered boards: scrapy-playwright's, with a guard, an end, and errors that Scrapy knows.

Loaded only by spiders that need it, by its path in DOWNLOAD_HANDLERS (rendered.py). A request with `settled` in its meta
goes to the browser, all others (robots.txt) the plain way. A page's whole visit is bounded, and it is closed however it ends.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from playwright.async_api import Browser, CDPSession, Error, Page
from playwright.async_api import Response as PageResponse
from playwright.async_api import TimeoutError as PageTimeout
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)
from scrapy.http import Request, Response
from scrapy_playwright.handler import Config, ScrapyPlaywrightDownloadHandler
from scrapy_playwright.page import PageMethod
from scrapy_playwright.provider import PlaywrightBrowserProvider

from horses_scrapy.config import Settings
from horses_scrapy.errors import Blocked, MissingBrowser
from horses_scrapy.hosts import Origin, origin
from horses_scrapy.sources.rendered_browser import BASE_URL, INSTALL, LAUNCH_SECONDS

logger = logging.getLogger(__name__)

UNNEEDED = frozenset({"Image", "Media", "Font"})
"""Kinds of request that no price comes from: neither the site's work nor ours."""
CLOSING_SECONDS = 5
REFUSING = frozenset({401, 403, 407, 429, 451})
_FATAL = re.compile(r":FATAL:\S+\] (.+)")
_ERRORS = {
    "ERR_NAME_NOT_RESOLVED": CannotResolveHostError,
    "ERR_CONNECTION_REFUSED": DownloadConnectionRefusedError,
    "ERR_CONNECTION_TIMED_OUT": DownloadTimeoutError,
}


class GuardedBrowser(PlaywrightBrowserProvider):  # type: ignore[misc]  # the library has no types
    """A Chromium whose every request, by whichever page, frame or redirect, waits for our consent.

    Playwright's own routes do not see redirects. WebSockets are not asked about: only the resolver rules hold them to the host.
    """

    def __init__(self, config: Config, allowed: Origin) -> None:
        super().__init__(config)
        self.allowed = allowed
        self.sent_to: str | None = None
        """Where else the page itself was sent, since this was last cleared."""

    async def launch_browser(self) -> Browser:
        """Raises MissingBrowser."""
        try:
            browser: Browser = await super().launch_browser()
        except Error as error:
            raise MissingBrowser(f"Chromium does not start: {_cause(error)}; {INSTALL}") from error
        session = await browser.new_browser_cdp_session()
        session.on("Fetch.requestPaused", partial(self._decide, session))
        await session.send("Fetch.enable", {"patterns": [{"urlPattern": "*"}]})
        return browser

    async def _decide(self, session: CDPSession, paused: Mapping[str, Any]) -> None:
        with suppress(Error):  # the page was closed meanwhile
            if paused["resourceType"] in UNNEEDED or not await self._is_ours(session, paused):
                told = {"requestId": paused["requestId"], "errorReason": "BlockedByClient"}
                await session.send("Fetch.failRequest", told)
            else:
                await session.send("Fetch.continueRequest", {"requestId": paused["requestId"]})

    async def _is_ours(self, session: CDPSession, paused: Mapping[str, Any]) -> bool:
        url = paused["request"]["url"]
        if origin(url) == self.allowed:
            return True
        logger.warning("Refused: %s", self.text(url))
        if paused["resourceType"] == "Document":
            targets = (await session.send("Target.getTargets"))["targetInfos"]
            if any(target["targetId"] == paused["frameId"] for target in targets):  # no frame inside a page
                self.sent_to = url
        return False

    def text(self, url: str) -> str:
        scheme, host, port = self.allowed
        return f"{url} is not on {scheme}://{host}:{port}, the host of the track's base_url"


class Settling:
    """Waits until a page shows what the source waits for, or a form that asks for a password; not on an error page."""

    def __init__(self, selector: str, seconds: float) -> None:
        self._selector = f"{selector}, input[type=password]"
        self._seconds = seconds
        self._is_error = False
        self.refusal: PageResponse | None = None
        """The last request of the page that the site refused: why the page may never settle."""

    def seen(self, response: PageResponse) -> None:
        if response.request.is_navigation_request() and response.frame.parent_frame is None:
            self._is_error = response.status >= 400
        if response.status in REFUSING:
            self.refusal = response

    async def settle(self, page: Page) -> None:
        if not self._is_error:
            await page.wait_for_selector(self._selector, state="attached", timeout=self._seconds * 1000)

    def instructions(self) -> dict[str, Any]:
        """Request meta, as scrapy-playwright takes it."""
        return {
            "playwright": True,
            "playwright_include_page": True,  # ours to close
            "playwright_context_kwargs": {"service_workers": "block", "accept_downloads": False},
            "playwright_page_event_handlers": {"response": self.seen},
            "playwright_page_methods": [PageMethod(self.settle)],
        }


class RenderedHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]  # the library has no types
    """One per crawl, for the scheme of the track's base_url (the setting RENDERED_BASE_URL)."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings: Settings = crawler.settings["HORSES"]
        self._timeout = settings.http.timeout
        self._largest = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self.browser_provider_cls = partial(GuardedBrowser, allowed=origin(crawler.settings[BASE_URL]))
        logging.getLogger("scrapy-playwright").setLevel(logging.ERROR)  # it prints a traceback for each failed page

    async def download_request(self, request: Request) -> Response:
        """The page once it has settled. Raises the exceptions of Scrapy's own handlers, Blocked or MissingBrowser."""
        settled = request.meta.get("settled")
        if settled is None:
            plain: Response = await super().download_request(request)
            return plain
        settling = Settling(settled, self._timeout)
        told = settling.instructions()
        request.meta.update(told)
        self.browser_provider.sent_to = None
        try:
            async with asyncio.timeout(LAUNCH_SECONDS + 2 * self._timeout):
                response: Response = await super().download_request(request)
        except (Error, TimeoutError) as error:
            if settling.refusal is not None and self.browser_provider.sent_to is None:
                return _refused(request, settling.refusal)
            raise self._translated(request.url, error) from error
        finally:
            await _close(request.meta.pop("playwright_page", None))
            for key in told.keys() & request.meta.keys():
                del request.meta[key]
        if len(response.body) > self._largest:
            raise DownloadCancelledError(
                f"{request.url}: the page is {len(response.body)} bytes, more than DOWNLOAD_MAXSIZE"
            )
        return response

    def _translated(self, url: str, error: BaseException) -> Exception:
        guard: GuardedBrowser = self.browser_provider
        if guard.sent_to is not None:
            return Blocked(f"{url} redirects: {guard.text(guard.sent_to)}")
        if isinstance(error, TimeoutError | PageTimeout):
            return DownloadTimeoutError(f"{url} did not settle in {self._timeout:g} s")
        text = _first_line(error)
        kind = next((kind for name, kind in _ERRORS.items() if name in text), DownloadFailedError)
        return kind(f"{url}: {text}")

    async def close(self) -> None:
        """Ends the browser and Playwright's driver."""
        with suppress(Error, TimeoutError):
            async with asyncio.timeout(4 * CLOSING_SECONDS):
                await super().close()


def _refused(request: Request, refusal: PageResponse) -> Response:
    """A page that does not come because a part of it was refused is as good as refused: so all others heed that."""
    asked = {name: value for name, value in refusal.headers.items() if name == "retry-after"}
    return Response(refusal.url, status=refusal.status, headers=asked, request=request)


def _cause(error: Error) -> str:
    """Chromium's own last word, where it had one: no usable sandbox, a TMPDIR whose path is too long."""
    found = _FATAL.search(str(error))
    return _first_line(error) if found is None else found[1]


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


async def _close(page: Page | None) -> None:
    if page is None or page.is_closed():
        return
    with suppress(Error, TimeoutError):
        async with asyncio.timeout(CLOSING_SECONDS):
            await page.close()
