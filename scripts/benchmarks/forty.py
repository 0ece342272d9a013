"""A home of forty tracks on forty loopback hosts, all near their post, and the site that plays them: for the row `tracks`.

`python -m benchmarks.forty PORT START ZONE` serves it.
"""

import datetime as dt
import signal
import sys
import textwrap
import threading
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import yaml

from horses_scrapy.clock import Clock
from horses_scrapy.demo.home import SHIPPED, Home, make_home
from horses_scrapy.simulator.faults import Faults
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.site import Server

TRACKS = 40
EVERY = 15
AHEAD = 3000
"""Seconds to the one race's post: near it all the time."""
NEAR = {
    "far_threshold": 7200, "near_post_threshold": 7200, "last_minutes_threshold": 0, "hours_before": 10_800,
    "near_post_interval": EVERY, "last_minutes_interval": EVERY, "default_interval": 3600,
}  # fmt: skip
SPIDERS = """
    from horses_scrapy.sources.demo import DemoSpider

    for number in range({tracks}):
        key = f"t{{number:02}}"
        globals()[key] = type(key, (DemoSpider,), {{"name": f"track_{{key}}", "__module__": __name__}})
"""
SETTINGS = """
    from horses_scrapy.settings import *

    SPIDER_MODULES = ["forty.spiders"]
"""


@dataclass(frozen=True, slots=True)
class FortyHome(Home):
    """window: seconds of scheduler.window; 0: one job for each poll."""

    window: int = 0

    @property
    def environment(self) -> dict[str, str]:
        told = super(FortyHome, self).environment
        path = f"{self.path}:{SHIPPED / 'scripts'}:{told.get('PYTHONPATH', '')}".rstrip(":")
        return {**told, "PYTHONPATH": path, "HORSES_SCHEDULER__WINDOW": str(self.window)}


def make(folder: Path, zone: str, window: int) -> FortyHome:
    made = make_home(folder, 1, zone)
    home = FortyHome(made.path, made.clock, made.ports, made.password, window)
    shipped = yaml.safe_load((folder / "config" / "tracks.yaml").read_text(encoding="utf-8"))
    source = {**shipped["sources"]["demo"], "access": "own", "floor": EVERY}
    tracks = {f"t{number:02}": _track(number, shipped["tracks"]["demo"], home) for number in range(TRACKS)}
    blocks = {"sources": {"demo": source}, "tracks": tracks}
    (folder / "config" / "tracks.yaml").write_text(yaml.safe_dump(blocks, sort_keys=False), encoding="utf-8")
    package = folder / "forty"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "settings.py").write_text(textwrap.dedent(SETTINGS), encoding="utf-8")
    (package / "spiders.py").write_text(textwrap.dedent(SPIDERS.format(tracks=TRACKS)), encoding="utf-8")
    (folder / "scrapy.cfg").write_text("[settings]\nhorses = forty.settings\n", encoding="utf-8")
    return home


def host(number: int) -> str:
    return f"127.0.0.{number + 2}"


def _track(number: int, demo: dict[str, object], home: Home) -> dict[str, object]:
    url = f"http://{host(number)}:{home.ports['tote']}"
    named = {"code": f"T{number:02}", "name": f"Downs {number:02}", "base_url": url, "page": f"{url}/"}
    return {**deepcopy(demo), **named, "cadence": dict(NEAR)}  # the same object twice would be a YAML alias


def serve(port: int, start: dt.datetime, zone: str) -> None:
    """One card, the same on every host: until SIGTERM."""
    ledger = Ledger(Plan(seed=7, start=start, races=1, first_post=AHEAD, betting_window=AHEAD, cycle=15, timezone=zone))
    servers = [Server(ledger, Clock(), port, log=None, rules=Faults(()), host=host(number)) for number in range(TRACKS)]
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"listening on {TRACKS} hosts", flush=True)
    signal.sigwait(ends)


if __name__ == "__main__":
    serve(int(sys.argv[1]), dt.datetime.fromtimestamp(int(sys.argv[2]), dt.UTC), sys.argv[3])
