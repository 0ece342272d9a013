"""A crawl in a process of its own under a fast clock, beside the synthetic tote that runs by the same one."""

import datetime as dt
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from crawling import ROOT, environment, write_config
from sqlalchemy import text

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.demo.home import daytime_zone
from horses_scrapy.simulator.faults import Faults, Rule
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.site import Server
from horses_scrapy.storage.engine import Store, open_store


@dataclass
class Day:
    """A home whose clock runs fast, and its tote. `store` is its database."""

    home: Path
    clock: Clock
    server: Server
    store: Store
    environ: dict[str, str]

    @property
    def date(self) -> str:
        return f"date={self.server.ledger.plan.race_date.isoformat()}"

    def start(self, *args: str, settings: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "scrapy", "crawl", "track_demo", "-s", "LOG_LEVEL=INFO"]
        command += [part for value in settings for part in ("-s", value)]
        command += [part for argument in args for part in ("-a", argument)]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def crawl(self, *args: str, settings: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        process = self.start(*args, settings=settings)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def rows(self, query: str) -> list[Any]:
        with self.store.read() as connection:
            return list(connection.execute(text(query)))

    def window(self, seconds: int, every: int, first_in: int = 0) -> tuple[int, list[str]]:
        """The first whole instant from now, or so many seconds later, and the arguments of a window from there."""
        first = (self.clock.now_ms() // 1000 + first_in) * 1000
        return first, [f"until={first + seconds * 1000}", f"every={every}", "race=1", self.date]

    def misbehave(self, **rule: Any) -> None:
        self.server.faults.replace([Rule(**rule)])

    def behave(self) -> None:
        self.server.faults.replace([])

    def wait_for(self, query: str, count: int = 1) -> None:
        until = time.monotonic() + 60
        while len(self.rows(query)) < count:
            assert time.monotonic() < until, f"{query}: {self.rows(query)}"
            time.sleep(0.05)


@contextmanager
def race_day(home: Path, *, rate: float, age: dt.timedelta = dt.timedelta(seconds=300)) -> Iterator[Day]:
    """The card opened so long ago; race 1 goes to post ten minutes after that."""
    now = Clock(epoch=float(int(time.time())), rate=rate)
    start = now.now().replace(microsecond=0) - age
    plan = Plan(seed=7, start=start, timezone=daytime_zone(start), first_post=600)
    server = Server(Ledger(plan), now, 0, log=home / "tote.jsonl", rules=Faults())
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    path = write_config(home, server.url)
    _place(path.with_name("tracks.yaml"), plan.timezone)
    environ = environment(path, {"HORSES_CLOCK": f"{int(now.epoch)}@{rate:g}", "PYTHONWARNINGS": "error"})
    store = open_store(config.load(path, environ={}), now, create_as="demo")
    try:
        yield Day(home, now, server, store, environ)
    finally:
        store.close()
        server.stop()
        serving.join()
        server.server_close()


def _place(path: Path, timezone: str) -> None:
    """Today at the track is then today at the tote."""
    tracks = yaml.safe_load(path.read_text("utf-8"))
    tracks["tracks"]["demo"]["timezone"] = timezone
    path.write_text(yaml.safe_dump(tracks), "utf-8")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
