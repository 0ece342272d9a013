"""The board in a real browser, and what it must never do there: talk to another host, break its own rules, raise."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from horses_scrapy.sources.rendered_browser import find_browser

AXE = Path(__file__).parent / "web" / "axe" / "axe.min.js"
PHONE, TABLET, DESK = (360, 740), (768, 1024), (1440, 900)
STILL = 0.02
"""Layout shift that nobody notices; 0.1 is what browsers' makers call good."""
WATCHED = """
window.__morphs = 0;
document.addEventListener("board:morphed", () => window.__morphs++);
window.__shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    window.__shifts.push({ value: one.value, at: one.startTime, of: one.sources.map((s) => s.node?.outerHTML?.slice(0, 160) ?? s.node?.textContent) });
  }
}).observe({ type: "layout-shift", buffered: true });
"""

LIVE = """() => document.getElementById("link-state").textContent === "live"
  && (window.__morphs > 0 || !document.body.dataset.stream)"""


@contextmanager
def chromium() -> Iterator[Browser]:
    path = find_browser({}, os.environ).path
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, chromium_sandbox=os.geteuid() != 0, args=["--no-proxy-server"]
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Seen:
    """One page, at `url`. complaints: of the console, of the page's code, of its policy."""

    url: str
    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, path: str = "/") -> Page:
        self.page.goto(f"{self.url}{path}", wait_until="load")
        return self.page

    def size(self, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def live(self, path: str = "/") -> Page:
        """Once its stream is open, and what came meanwhile is shown."""
        self.open(path)
        self.until(LIVE)
        return self.page

    def morphed(self, more_than: int = 0) -> int:
        """Waits until the page was brought up to date more often than that; how often it was."""
        self.until("count => window.__morphs > count", more_than)
        return self.count("window.__morphs")

    def count(self, told: str) -> int:
        found: int = self.page.evaluate(told)
        return found

    def until(self, holds: str, given: object = None) -> None:
        """Waits. (Playwright's own wait_for_function is refused by the page's policy.)"""
        last = time.monotonic() + 10
        while not self.page.evaluate(holds, given):
            assert time.monotonic() < last, f"{holds}: not within 10 s"
            time.sleep(0.01)

    @property
    def overflow(self) -> list[str]:
        """What is wider than the window, where the page can be scrolled sideways."""
        found: list[str] = self.page.evaluate(
            """() => {
              const wide = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= wide) return [];
              const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > wide + 1);
              return ["the page"].concat(out.map((e) => e.outerHTML.slice(0, 120)));
            }"""
        )
        return found

    def shifted(self, since: float) -> list[Any]:
        """Layout shifts after an instant of performance.now()."""
        shifts: list[Any] = self.page.evaluate("() => window.__shifts")
        return [one for one in shifts if one["at"] > since]

    def now(self) -> float:
        told: float = self.page.evaluate("() => performance.now()")
        return told

    def axe(self) -> list[str]:
        """Serious and critical findings, with the place of each."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("() => axe.run(document, { resultTypes: ['violations'], preload: false })")
        return [
            f"{one['id']}: {node['target']} {node['html'][:160]} {node['any'][0]['message'] if node['any'] else ''}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]


@contextmanager
def look_at(browser: Browser, url: str, size: tuple[int, int] = DESK, *, dark: bool = False) -> Iterator[Seen]:
    """A person's first visit. At the end nothing may have been complained of, and no other host asked."""
    given: dict[str, Any] = {
        "viewport": {"width": size[0], "height": size[1]},
        "color_scheme": "dark" if dark else "light",
    }
    context = browser.new_context(**given)
    try:
        context.add_init_script(WATCHED)
        page = context.new_page()
        seen = Seen(url, page)
        page.on(
            "console", lambda told: seen.complaints.append(told.text) if told.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("request", lambda asked: seen.hosts.add(urlsplit(asked.url).netloc))
        yield seen
        assert not seen.complaints, "\n".join(seen.complaints)
        assert seen.hosts <= {urlsplit(url).netloc}
    finally:
        context.close()
