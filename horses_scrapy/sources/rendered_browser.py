"""Which Chromium reads a rendered board, and how it is started. Loads nothing of Playwright: that doubles a crawl's start."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from horses_scrapy.errors import MissingBrowser

VARIABLE = "PLAYWRIGHT_CHROMIUM"
OPTION = "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "install the package chromium, or name a Chromium in PLAYWRIGHT_CHROMIUM or in options.browser of tracks.yaml"
BASE_URL = "RENDERED_BASE_URL"
"""The Scrapy setting that holds what a browser is kept to."""
LAUNCH_SECONDS = 30
"""A cold disk was measured at 9 s."""


@dataclass(frozen=True, slots=True)
class Browser:
    """`path` None: the one that Playwright has downloaded, and finds by itself."""

    path: str | None


def find_browser(options: Mapping[str, str], environ: Mapping[str, str]) -> Browser:
    """The one that is named, else the first on PATH, else Playwright's own. Raises MissingBrowser."""
    for where, told in ((VARIABLE, environ.get(VARIABLE)), (f"options.{OPTION}", options.get(OPTION))):
        if told:
            return Browser(_named(told, where, environ.get("PATH")))
    for name in NAMES:
        path = shutil.which(name, path=environ.get("PATH"))
        if path is not None:
            return Browser(path)
    if _playwright_has_one(environ):
        return Browser(None)
    raise MissingBrowser(f"no Chromium: none of {', '.join(NAMES)} is on PATH; {INSTALL}")


def _named(told: str, where: str, path: str | None) -> str:
    found = shutil.which(told, path=path)
    if found is None:
        raise MissingBrowser(f"no Chromium: {where} names {told}, which is no program; {INSTALL}")
    return found


def _playwright_has_one(environ: Mapping[str, str]) -> bool:
    """Whether the headless Chromium of Playwright's own revision was downloaded whole."""
    package = find_spec("playwright")
    if package is None or package.origin is None:
        return False
    driver = Path(package.origin).with_name("driver") / "package"
    listed = json.loads((driver / "browsers.json").read_text("utf-8"))["browsers"]
    revisions = [browser["revision"] for browser in listed if browser["name"] == "chromium-headless-shell"]
    folder = _downloads(environ, driver)
    marks = [folder / f"chromium_headless_shell-{revision}" / "INSTALLATION_COMPLETE" for revision in revisions]
    return any(mark.exists() for mark in marks)


def _downloads(environ: Mapping[str, str], driver: Path) -> Path:
    """Where Playwright keeps its browsers."""
    told = environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if told:
        return driver / ".local-browsers" if told == "0" else Path(told)
    home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        return home / "Library/Caches/ms-playwright"
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "ms-playwright"


def launch_options(browser: Browser, base_url: str, user_agent: str) -> dict[str, Any]:
    """Headless; under our name; no host but the track's has an address; popups stay shut; sandboxed but for root."""
    host = urlsplit(base_url).hostname
    options: dict[str, Any] = {
        "headless": True,
        "timeout": LAUNCH_SECONDS * 1000,
        "chromium_sandbox": os.geteuid() != 0,  # Chromium refuses to start as root with a sandbox
        "args": [
            f"--user-agent={user_agent}",
            "--no-proxy-server",  # as Scrapy here; a proxy would look addresses up for itself
            f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {host}",
        ],
        "ignore_default_args": ["--disable-popup-blocking"],
    }
    return options if browser.path is None else {**options, "executable_path": browser.path}
