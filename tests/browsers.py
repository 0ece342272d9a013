"""Whether this machine has a Chromium that starts, and which processes a crawl has left."""

import os
import subprocess
import threading
import time
from functools import cache
from pathlib import Path
from typing import Self

import pytest

from horses_scrapy.errors import MissingBrowser
from horses_scrapy.sources.rendered_browser import Browser, find_browser

_PAGE = "data:text/html,<main>starts</main>"


def need_browser() -> None:
    """Skip the test where no Chromium starts."""
    reason = _lacking()
    if reason is not None:
        pytest.skip(reason)


@cache
def _lacking() -> str | None:
    try:
        browser = find_browser({}, os.environ)
    except MissingBrowser as error:
        return str(error)
    if browser.path is None or os.geteuid() == 0:
        return None
    return (
        None if _starts(browser) else f"{browser.path} does not start here (for others than root it needs its sandbox)"
    )


def _starts(browser: Browser) -> bool:
    command = [browser.path, "--headless", "--disable-gpu", "--dump-dom", _PAGE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return False
    return "starts" in done.stdout


def processes(mark: str) -> set[str]:
    """Names of the processes, but this one, that have a text in their environment or arguments."""
    names = (_name(process, mark.encode()) for process in Path("/proc").glob("[0-9]*"))
    return {name for name in names if name is not None}


def _name(process: Path, mark: bytes) -> str | None:
    if process.name == str(os.getpid()):
        return None
    try:
        marked = mark in (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        return (process / "comm").read_text().strip() if marked else None
    except OSError:  # it has just ended
        return None


def remaining(mark: str, seconds: float = 5) -> set[str]:
    """What is left once all has had the time to end."""
    until = time.monotonic() + seconds
    while (left := processes(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    return left


class Watcher(threading.Thread):
    """Collects the names of marked processes while something runs."""

    def __init__(self, mark: str) -> None:
        super().__init__(daemon=True)
        self._mark = mark
        self._over = threading.Event()
        self.seen: set[str] = set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(0.3):
            self.seen |= processes(self._mark)
