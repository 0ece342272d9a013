"""A project of a few spiders that fetch nothing, and the real scrapyd, with our hooks or as shipped."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from horses_scrapy import config
from horses_scrapy.config import Settings
from horses_scrapy.health import ScrapydClient

PROJECT = Path(__file__).parents[1]
PASSWORD = "correct-horse"
TRACK = """
  {key}: {{code: {code}, name: {key}, country: US, timezone: America/New_York, source: demo, source_key: {code},
    currency: USD, base_url: "http://127.0.0.1:9"}}
"""
SETTINGS = """
SPIDER_MODULES = ['tiny.spiders']
COMMANDS_MODULE = 'horses_scrapy.commands'
EXTENSIONS_BASE = {"scrapy.extensions.logcount.LogCount": 0}  # a job starts in half the time
DOWNLOADER_MIDDLEWARES_BASE = SPIDER_MIDDLEWARES_BASE = {}
LOG_VERSIONS = []
"""
SPIDERS = '''
"""Each appends a line to `done`, so that what ran, and how often, is plain."""
import asyncio, json, os, random, sys
import scrapy
from horses_scrapy import clock, config
from horses_scrapy.extensions.crawl_run import OUTCOME_STAT
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.runs import Ending, Run, Superseded

class Base(scrapy.Spider):
    seconds = 0
    _job = None

    def done(self, text):
        with open(os.path.join(os.path.dirname(__file__), "..", "done"), "a") as file:
            file.write(f"{text}\\n")

    async def start(self):
        await self.work()
        self.crawler.stats.set_value(OUTCOME_STAT, "ok")
        return
        yield

class Quick(Base):
    name = "quick"
    async def work(self):
        self.done(f"{self._job} begins")
        await asyncio.sleep(float(self.seconds))
        self.done(f"{self._job} ends")

class Facts(Base):
    name = "facts"
    async def work(self):
        from horses_scrapy import clock
        print(json.dumps({
            "folder": os.getcwd(), "environment": dict(os.environ), "number": random.random(),
            "name": self._job, "mark": getattr(clock, "MARK", None), "read": sys.stdin.readline(),
        }))
        print("to the error stream", file=sys.stderr)

class Hog(Base):
    name = "hog"
    async def work(self):
        held = [bytearray(10_000_000) for _ in range(int(self.times))]
        self.done(len(held))

class Aqu(Base):
    """Opens a real run of its slot."""
    name = "track_aqu"
    async def work(self):
        now, settings = clock.from_environment(), config.load()
        run = Run.begin(open_store(settings, now), now, spider=self.name, track="aqu", source="demo", job_id=self._job)
        try:
            run.take_lease()
        except Superseded:
            outcome = "superseded"
        else:
            outcome = "ok"
            self.done("begins")
            await asyncio.sleep(float(self.seconds))
        run.end(Ending(outcome=outcome, reason=None, degraded=False, requests=0, boards=0,
                       rejected=0, errors=0, first_request_mono=None, committed_mono=None))
'''


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@dataclass
class Home:
    path: Path

    @property
    def done(self) -> list[str]:
        """Lines that jobs have written."""
        told = self.path / "done"
        return told.read_text().splitlines() if told.exists() else []

    @property
    def settings(self) -> Settings:
        return self.settings_with()

    def settings_with(self, **environ: str) -> Settings:
        told = {"SCRAPYD_PASSWORD": PASSWORD, **environ}
        return config.load(self.path / "config" / "config.yaml", environ=told)

    def say_runner(self, runner: str) -> None:
        url = self.settings.scrapyd.url
        told = f"scrapyd: {{url: '{url}', runner: {runner}}}\nlogging: {{dir: '-'}}\n"
        (self.path / "config" / "config.yaml").write_text(told)

    @property
    def client(self) -> ScrapydClient:
        return ScrapydClient(self.settings.scrapyd.url, "horses", PASSWORD, "horses", 10)

    def forget(self) -> None:
        (self.path / "done").unlink(missing_ok=True)

    def environment(self, **more: str) -> dict[str, str]:
        """What a process of this home finds: nothing of the developer's own settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HORSES_", "SCRAPYD_"))}
        config_file = str(self.path / "config" / "config.yaml")
        return {**kept, "HORSES_CONFIG": config_file, "SCRAPYD_PASSWORD": PASSWORD, "PYTHONPATH": str(PROJECT), **more}

    def conf(self, **changes: str) -> None:
        """Change scrapyd.conf; an empty value takes a key away."""
        path = self.path / "config" / "scrapyd.conf"
        lines = path.read_text().splitlines()
        kept = [line for line in lines if line.partition("=")[0].strip() not in changes]
        at = kept.index("[scrapyd]") + 1
        added = [f"{key} = {value}" for key, value in changes.items() if value]
        path.write_text("\n".join([*kept[:at], *added, *kept[at:]]) + "\n")


def make_home(path: Path, port: int) -> Home:
    folder = path / "config"
    folder.mkdir(parents=True)
    shutil.copy(PROJECT / "config" / "scrapyd.conf", folder)
    (folder / "config.yaml").write_text(f"scrapyd: {{url: 'http://127.0.0.1:{port}'}}\nlogging: {{dir: '-'}}\n")
    (folder / "alerts.yaml").write_text("rules: []\n")
    blocks = "".join(TRACK.format(key=key, code=code) for key, code in (("aqu", "AQU"), ("gp", "GP")))
    (folder / "tracks.yaml").write_text(f"sources: {{demo: {{}}}}\ntracks:{blocks}")
    (path / "scrapy.cfg").write_text("[settings]\ndefault = tiny.settings\nhorses = tiny.settings\n")
    (path / "tiny").mkdir()
    (path / "tiny" / "__init__.py").touch()
    (path / "tiny" / "settings.py").write_text(SETTINGS)
    (path / "tiny" / "spiders.py").write_text(textwrap.dedent(SPIDERS))
    return Home(path)


@dataclass
class Started:
    """A process of ours whose output is kept, ended by its own process id."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)


@dataclass
class Starter:
    """Starts processes in a home, and ends those that a test leaves."""

    place: Home
    started: list[Started] = field(default_factory=list)

    def __call__(self, *arguments: str, folder: Path | None = None, **environ: str) -> Started:
        log = self.place.path / f"{len(self.started)}.out"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments], env=self.place.environment(**environ), cwd=folder or self.place.path,
                stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.started.append(Started(process, log))
        return self.started[-1]

    def scrapyd(self, **environ: str) -> Started:
        """Our own, as run_scrapyd.py starts it; returns once it answers and has its fork server."""
        daemon = self(str(PROJECT / "scripts" / "run_scrapyd.py"), **environ)
        wait_until(lambda: "web console available" in daemon.output)
        if self.place.settings.scrapyd.runner == "fork":
            wait_until(lambda: list(self.place.settings.state_dir.glob("fork-*.sock")))
        wait_until(self.place.client.listspiders)
        return daemon

    def end(self) -> None:
        for one in reversed(self.started):
            one.end(signal.SIGKILL)
            assert one.process.stdin is not None
            one.process.stdin.close()


def wait_until(happened: Callable[[], object], seconds: float = 20) -> object:
    """The first answer that is neither false nor an error of a connection."""
    until = time.monotonic() + seconds
    while True:
        try:
            if found := happened():
                return found
        except Exception:
            if time.monotonic() > until:
                raise
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)
