"""`./scripts/screenshot`: docs/board.png, taken of the demo's board while the third race is three minutes from its post."""

import argparse
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import requests
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from horses_scrapy.demo.home import SHIPPED
from horses_scrapy.errors import FATAL, OK, HorsesError
from horses_scrapy.sources.rendered_browser import find_browser

COMMAND = [sys.executable, "-m", "horses_scrapy.demo", "--board", "--races", "4", "--seed"]
SAYS = "Board: "
RACE, MINUTES = 3, 3
PATIENCE = 120
LIVE = "live"
"""What the page says of itself once its stream is open."""
SETTLED_MS = 1000
"""The chart has asked for its data."""
GAP, BEHIND = 24, "#8a93a0"


@dataclass(frozen=True, slots=True)
class Screen:
    """Pixels of the page; `scale` of the picture to them."""

    width: int
    height: int
    scheme: Literal["light", "dark"]
    scale: float = 1.0


DESK, PHONE = Screen(1440, 1380, "light"), Screen(360, 920, "dark", 1.5)


class NoMoment(HorsesError):
    """The demo did not come to what is to be shown."""


@contextmanager
def demo(seed: int) -> Iterator[str]:
    """The board's address."""
    process = subprocess.Popen([*COMMAND, str(seed)], cwd=SHIPPED, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own)
    try:
        assert process.stdout is not None
        told = next((line for line in process.stdout if line.startswith(SAYS)), None)
        if told is None:
            raise NoMoment("the demo ended before its board was there")
        yield told.split()[1]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def moment(address: str) -> str:
    """The page of the race, once it is about to be run and there are alerts to show."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for race in requests.get(f"{address}api/v1/races", timeout=5).json()["races"]:
            near = race["minutes_to_post"] is not None and race["minutes_to_post"] <= MINUTES
            if race["race_number"] == RACE and race["status"] == "open" and near:
                return f"{address}races/{race['race_id']}"
        time.sleep(0.1)
    raise NoMoment(f"race {RACE} was not {MINUTES} minutes from its post within {PATIENCE} s")


def photograph(browser: Browser, page_at: str, screen: Screen) -> Image.Image:
    size = {"width": screen.width, "height": screen.height}
    page = browser.new_page(viewport=size, color_scheme=screen.scheme, device_scale_factor=screen.scale)  # type: ignore[arg-type]
    page.goto(page_at, wait_until="load")
    page.get_by_text(LIVE, exact=True).wait_for()
    page.wait_for_timeout(SETTLED_MS)
    taken = page.screenshot()
    page.close()
    return Image.open(io.BytesIO(taken)).convert("RGB")


def beside(desk: Image.Image, phone: Image.Image) -> Image.Image:
    """On one sheet, in few colours: a third of the bytes."""
    whole = Image.new("RGB", (desk.width + phone.width + 3 * GAP, max(desk.height, phone.height) + 2 * GAP), BEHIND)
    whole.paste(desk, (GAP, GAP))
    whole.paste(phone, (desk.width + 2 * GAP, GAP))
    return whole.quantize(256, dither=Image.Dither.NONE)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scripts/screenshot", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=SHIPPED / "docs" / "board.png")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(argv)
    try:
        path = find_browser({}, os.environ).path
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        with demo(given.seed) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=flags)
            page = moment(address)
            made = beside(*(photograph(browser, page, screen) for screen in (DESK, PHONE)))
            browser.close()
        made.save(given.file, optimize=True)
    except HorsesError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return FATAL
    print(f"{given.file}: {given.file.stat().st_size // 1024} kB")  # noqa: T201
    return OK


if __name__ == "__main__":
    raise SystemExit(main())
