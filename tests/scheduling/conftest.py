"""A home of its own, a scrapyd that can be made to fail, and the real one."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from alerts.engine import Engine
from alerts.setup import rules_of, setting_of
from alerts.system_engine import SystemEngine
from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.health import Jobs, ScrapydClient, ScrapydDown, ScrapydRefused
from horses_scrapy.scheduling.leadership import Lead
from horses_scrapy.scheduling.loop import Parts, Scheduler
from horses_scrapy.storage import schema
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.engine import Store, open_store
from horses_scrapy.storage.leader import FencedStore, begin
from horses_scrapy.storage.slots import claim_slot
from horses_scrapy.supervise.dead_man import DeadMan
from horses_scrapy.updates.service import Updates

PROJECT = Path(__file__).parents[2]
PASSWORD = "correct-horse"
TRACK = """
  {key}: {{code: {code}, name: {key}, country: US, timezone: America/New_York, source: demo, source_key: {code},
    currency: USD, base_url: "http://127.0.0.1:9"}}
"""
SETTINGS = """
SPIDER_MODULES = ['tiny.spiders']
EXTENSIONS_BASE = DOWNLOADER_MIDDLEWARES_BASE = SPIDER_MIDDLEWARES_BASE = {}  # a job starts in half the time
LOG_VERSIONS = []
"""
SPIDERS = '''
"""Spiders that open a real run, wait, and end it as `told.json` says. They fetch nothing."""
import asyncio, json
import scrapy
from horses_scrapy import clock, config
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.runs import Ending, Run

class Track(scrapy.Spider):
    async def start(self):
        now = clock.from_environment()
        key = self.name.removeprefix("track_")
        settings = config.load()
        told = json.loads((settings.home / "told.json").read_text())
        run = Run.begin(open_store(settings, now), now, spider=self.name, track=key, source="demo", job_id=self._job)
        run.take_lease()
        await asyncio.sleep(told.get("seconds", 0))
        run.end(Ending(outcome=told.get(key, "ok"), reason=None, degraded=False, requests=0, boards=0,
                       rejected=0, errors=0, first_request_mono=None, committed_mono=None))
        return
        yield

class Aqu(Track):
    name = "track_aqu"

class Gp(Track):
    name = "track_gp"
'''


def make_home(path: Path, tracks: Mapping[str, str], port: int = 9) -> Path:
    """config/, scrapy.cfg and a project of two spiders; the shipped scrapyd.conf."""
    folder = path / "config"
    folder.mkdir(parents=True)
    shutil.copy(PROJECT / "config" / "scrapyd.conf", folder)
    (folder / "config.yaml").write_text(f"scrapyd: {{url: 'http://127.0.0.1:{port}'}}\nlogging: {{dir: '-'}}\n")
    (folder / "alerts.yaml").write_text("rules: []\n")
    blocks = "".join(TRACK.format(key=key, code=code) for key, code in tracks.items())
    (folder / "tracks.yaml").write_text(f"sources: {{demo: {{}}}}\ntracks:{blocks}" if blocks else "sources: {}\n")
    (path / "scrapy.cfg").write_text("[settings]\nhorses = tiny.settings\n")
    (path / "told.json").write_text("{}")
    (path / "tiny").mkdir()
    (path / "tiny" / "__init__.py").touch()
    (path / "tiny" / "settings.py").write_text(SETTINGS)
    (path / "tiny" / "spiders.py").write_text(textwrap.dedent(SPIDERS))
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path, {"aqu": "AQU", "gp": "GP"}, free_port())


@pytest.fixture
def settings(home: Path) -> Settings:
    return config.load(home / "config" / "config.yaml", environ={"SCRAPYD_PASSWORD": PASSWORD})


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings, Clock())
    yield opened
    opened.close()


@dataclass
class SetClock:
    """A clock that stands until it is moved; `boot` is the instant of monotonic 0."""

    at: int = 1_750_000_000_000
    boot: int = 1_749_000_000_000
    rate: float = 1.0
    simulated = False

    def now_ms(self) -> int:
        return self.at

    def monotonic_ms(self) -> int:
        return self.at - self.boot

    def real_seconds(self, seconds: float) -> float:
        return seconds

    def step(self, ms: int) -> None:
        """What an operator or NTP does: the wall clock moves, time does not."""
        self.at += ms
        self.boot += ms


@dataclass
class FakeScrapyd:
    """Takes any job, the same one twice too, as the real one does; `failing` names what goes wrong at the next calls."""

    pending: dict[str, str] = field(default_factory=dict)
    running: dict[str, str] = field(default_factory=dict)
    finished: dict[str, str] = field(default_factory=dict)
    posts: list[tuple[str, str, float, dict[str, str]]] = field(default_factory=list)
    cancelled: list[tuple[str, bool]] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    most_at_once: int = 0
    forgets: bool = False
    on_post: Callable[[str, str], None] = lambda _spider, _job: None

    def listjobs(self) -> Jobs:
        if "down" in self.failing:
            raise ScrapydDown("down")
        return Jobs(dict(self.pending), dict(self.running), {} if self.forgets else dict(self.finished))

    def schedule(self, spider: str, job_id: str, priority: float, arguments: Mapping[str, str]) -> None:
        if "down" in self.failing or "lost" in self.failing:
            raise ScrapydDown("down")
        if "refuse" in self.failing:
            raise ScrapydRefused("spider not found")
        self.posts.append((spider, job_id, priority, dict(arguments)))
        self.pending[job_id] = spider
        active = [*self.pending.values(), *self.running.values()]
        self.most_at_once = max(self.most_at_once, *(active.count(name) for name in active))
        self.on_post(spider, job_id)
        if "answer lost" in self.failing:
            raise ScrapydDown("no answer in time")

    def cancel(self, job_id: str, *, kill: bool = False) -> str | None:
        self.cancelled.append((job_id, kill))
        return "running"

    def start(self) -> None:
        self.running.update(self.pending)
        self.pending.clear()

    def finish(self) -> None:
        self.start()
        self.finished.update(self.running)
        self.running.clear()

    @property
    def job_ids(self) -> list[str]:
        return [job for _, job, _, _ in self.posts]


@pytest.fixture
def fake() -> FakeScrapyd:
    return FakeScrapyd()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def scheduler(make_scheduler, settings: Settings, store: Store, fake: FakeScrapyd, clock: SetClock) -> Scheduler:
    return make_scheduler(settings, store, fake, clock)


@pytest.fixture
def make_scheduler() -> Iterator[Callable[..., Scheduler]]:
    """One that leads: those made before it on the same database are deposed."""
    with ExitStack() as opened:

        def make(settings: Settings, store: Store, fake: FakeScrapyd, clock: SetClock) -> Scheduler:
            with store.write() as connection:
                term = begin(connection, "scheduler", clock.now_ms())
            fenced = opened.enter_context(closing(FencedStore(store, term, Limits())))
            return Scheduler(parts_of(settings, Lead(fenced, None, clock), fake, clock))

        yield make


def parts_of(settings: Settings, lead: Lead, fake: FakeScrapyd, clock: SetClock) -> Parts:
    setting = setting_of(settings, rules_of(settings))
    return Parts(
        settings=settings,
        lead=lead,
        clock=clock,
        scrapyd=fake,
        engine=Engine(lead.store, setting, clock),
        system=SystemEngine(lead.store, setting, clock, watching_since=clock.now_ms()),
        updates=Updates(settings, lead.store, clock),
        dead_man=DeadMan(""),
    )


@dataclass
class Cards:
    """Races written straight into the database."""

    store: Store
    now: int = 1_750_000_000_000

    def race(
        self, track: str, number: int, post_time: int | None, status: str = "open", day: str = "2025-06-15"
    ) -> int:
        stamps = {"created_at": self.now, "updated_at": self.now}
        with self.store.write() as connection:
            known = connection.execute(select(schema.track.c.track_id).where(schema.track.c.key == track)).scalar()
            if known is None:
                row = {"key": track, "name": track, "code": track.upper(), "timezone": "America/New_York", **stamps}
                known = connection.execute(insert(schema.track).values(row)).inserted_primary_key[0]
            race = {
                "track_id": known,
                "race_date": day,
                "race_number": number,
                "post_time": post_time,
                "status": status,
            }
            return connection.execute(insert(schema.race).values(**race, **stamps)).inserted_primary_key[0]

    def status(self, race_id: int, status: str) -> None:
        with self.store.write() as connection:
            connection.execute(schema.race.update().where(schema.race.c.race_id == race_id).values(status=status))

    def run(self, track: str, job_id: str | None, started_at: int, **more: object) -> int:
        row = {
            "spider": f"track_{track}",
            "track": track,
            "job_id": job_id,
            "kind": "card",
            "started_at": started_at,
            **more,
        }
        with self.store.write() as connection:
            run_id = connection.execute(insert(schema.crawl_run).values(row)).inserted_primary_key[0]
            if job_id is not None:
                claim_slot(connection, job_id, run_id)
            return run_id

    def rows(self, table: str) -> list[dict[str, object]]:
        with self.store.read() as connection:
            return [dict(row) for row in connection.execute(select(schema.metadata.tables[table])).mappings()]


@pytest.fixture
def cards(store: Store) -> Cards:
    return Cards(store)


@pytest.fixture
def cards_in() -> type[Cards]:
    """For a database other than the home's."""
    return Cards


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a process of this home finds: nothing of the developer's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HORSES_", "SCRAPYD_", "SMTP_"))}
    return {**kept, "HORSES_CONFIG": str(home / "config" / "config.yaml"), "SCRAPYD_PASSWORD": PASSWORD, **more}


@dataclass
class Daemon:
    """A process of ours whose output is kept, ended by its own process id."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = 30, times: int = 1) -> None:
        until = time.monotonic() + seconds
        while self.output.count(text) < times:
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.output}"
            assert time.monotonic() < until, f"no {text!r} in:\n{self.output}"
            time.sleep(0.05)

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)


@dataclass
class Launcher:
    """Starts scripts of the project as processes."""

    home: Path
    started: list[Daemon] = field(default_factory=list)

    def __call__(self, script: str, *arguments: str, **environ: str) -> Daemon:
        log = self.home / f"{script}-{len(self.started)}.out"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, str(PROJECT / "scripts" / script), *arguments],
                env=environment(self.home, **environ), cwd=self.home, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.started.append(Daemon(process, log))
        return self.started[-1]

    def scrapyd(self, settings: Settings, **environ: str) -> Daemon:
        daemon = self("run_scrapyd.py", **environ)
        daemon.wait_for("web console available")
        wait_until(lambda: client_of(settings).listspiders())
        return daemon

    def end(self) -> None:
        for daemon in reversed(self.started):
            daemon.end(signal.SIGKILL)


def client_of(settings: Settings) -> ScrapydClient:
    return ScrapydClient(settings.scrapyd.url, "horses", PASSWORD, "horses", 10)


def wait_until(call, seconds: float = 30):
    """The first answer of `call` that is neither an outage nor false."""
    until = time.monotonic() + seconds
    while True:
        try:
            if answer := call():
                return answer
        except ScrapydDown:
            pass
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


@dataclass
class Installation:
    """A home with its real scrapyd."""

    home: Path
    settings: Settings
    store: Store
    launch: Launcher
    scrapyd: Daemon

    @property
    def client(self) -> ScrapydClient:
        return client_of(self.settings)

    def tell(self, **told: object) -> None:
        """What the next crawls do: how long they take, and how each track's ends."""
        (self.home / "told.json").write_text(json.dumps(told))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = make_home(tmp_path_factory.mktemp("real"), {"aqu": "AQU", "gp": "GP"}, free_port())
    settings = config.load(home / "config" / "config.yaml", environ={"SCRAPYD_PASSWORD": PASSWORD})
    launcher = Launcher(home)
    with closing(open_store(settings, Clock())) as store:
        try:
            yield Installation(home, settings, store, launcher, launcher.scrapyd(settings))
        finally:
            launcher.end()


@pytest.fixture
def fresh(real: Installation) -> Installation:
    """The installation, as if nothing had been polled yet."""
    wait_until(lambda: not real.client.listjobs().active_spiders)
    time.sleep(1.0 - time.time() % 1.0)  # a job id names its second, and scrapyd remembers those that we forget
    real.tell()
    with real.store.write() as connection:
        for table in ("slot", "crawl_run", "track_lease"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    return real


@pytest.fixture
def launch(home: Path) -> Iterator[Launcher]:
    launcher = Launcher(home)
    yield launcher
    launcher.end()


@pytest.fixture
def restarted(
    make_scheduler, settings: Settings, store: Store, fake: FakeScrapyd, clock: SetClock
) -> Callable[[], Scheduler]:
    """A scheduler as a new process makes it: it knows only what is stored."""
    return lambda: make_scheduler(settings, store, fake, clock)


@pytest.fixture
def waited() -> Callable[..., object]:
    return wait_until


# --- For tests that need several homes --------------------------------------------------------------------------------


@pytest.fixture(name="make_home")
def _make_home() -> Callable[..., Path]:
    return make_home


@pytest.fixture(name="free_port")
def _free_port() -> Callable[[], int]:
    return free_port


@pytest.fixture
def launcher_of() -> type[Launcher]:
    return Launcher
