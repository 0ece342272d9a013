"""The project's own processes around the synthetic tote, in a home of their own: as the demo has them."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from horses_scrapy import clock, config
from horses_scrapy.config import Settings
from horses_scrapy.demo.home import Home, daytime_zone, make_home
from horses_scrapy.demo.processes import Processes
from horses_scrapy.errors import ScrapydError, StoreError
from horses_scrapy.health.facts import client_of
from horses_scrapy.storage.engine import Store, open_store

PATIENCE = 60.0
"""Seconds for what has to happen."""
TOTE = ["-m", "horses_scrapy.simulator", "--first-post", "420", "--spacing", "300"]
SHIPPED_RUNNER = "horses_scrapy.node.runner"
RUNNING_FOR = 200
"""Seconds of the card's clock that it has been open for: there is money on each board."""


@dataclass(frozen=True, slots=True)
class Installation:
    home: Home
    settings: Settings
    now: clock.Clock
    store: Store
    processes: Processes


@contextmanager
def installed(
    folder: Path, rate: float, rules: Path | None = None, runner: str = SHIPPED_RUNNER
) -> Iterator[Installation]:
    """The tote and scrapyd run and answer; the card's clock goes at `rate`. `rules`: a file instead of the shipped one."""
    home = make_home(folder, rate, daytime_zone(dt.datetime.now(dt.UTC)), rules)
    conf = home.path / "config" / "scrapyd.conf"
    conf.write_text(conf.read_text("utf-8").replace(SHIPPED_RUNNER, runner), "utf-8")
    settings, now = config.load(environ=home.environment), clock.from_environment(home.environment)
    with closing(open_store(settings, now, create_as="demo")) as store, Processes(home) as processes:
        start = str(int(now.now().timestamp()) - RUNNING_FOR)
        zone = settings.tracks["demo"].timezone
        processes.start("tote", [*TOTE, "--port", str(home.ports["tote"]), "--start", start, "--timezone", zone])
        processes.start("scrapyd", ["scripts/run_scrapyd.py"])
        client = client_of(settings)
        wait_until(lambda: "listening" in processes.log("tote").read_text(), processes)
        wait_until(lambda: _answers(client.listspiders), processes)
        yield Installation(home, settings, now, store, processes)


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except ScrapydError:
        return False
    return True


def wait_until(happened: Callable[[], object], processes: Processes, patience: float = PATIENCE) -> None:
    """Raises StoreError after `patience` seconds, ProcessDied where a process has ended."""
    until = time.monotonic() + patience
    while not happened():
        processes.check()
        if time.monotonic() > until:
            raise StoreError(f"nothing happened within {patience:g} s: see {processes.log('scrapyd').parent}")
        time.sleep(0.02)
