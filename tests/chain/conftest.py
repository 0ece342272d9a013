"""The whole chain: the synthetic tote's site, a real `scrapy crawl` with all pipelines, a database to look into."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from crawling import Completed, crawl, environment, write_config
from sqlalchemy import Row, text

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.demo.home import daytime_zone
from horses_scrapy.simulator.faults import Faults, Rule
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.site import Server
from horses_scrapy.storage.engine import Store, open_store

RUNNING_FOR = dt.timedelta(seconds=300)
"""How long the card has been open: race 1 goes to post three minutes from now."""


@dataclass
class Installation:
    """A home with configuration and database; `rows` asks its database."""

    home: Path
    base_url: str
    told: Mapping[str, str] = field(default_factory=dict)
    """Variables of its environment."""

    def crawl(self, spider: str, *args: str, settings: Mapping[str, str] | None = None, **options: Any) -> Completed:
        environ = {**self.told, **options.pop("environ", {})}
        return crawl(
            self.home, spider, *args, base_url=self.base_url, settings=settings or {}, environ=environ, **options
        )

    def settings(self) -> config.Settings:
        path = write_config(self.home, self.base_url)
        return config.load(path, environ=self.told)

    def environment(self) -> dict[str, str]:
        return environment(write_config(self.home, self.base_url), self.told)

    def store(self, now: Clock | None = None, **options: Any) -> Store:
        return open_store(self.settings(), now or Clock(), **options)

    def rows(self, query: str, **values: Any) -> list[Row[Any]]:
        store = self.store()
        try:
            with store.read() as connection:
                return list(connection.execute(text(query), values))
        finally:
            store.close()

    def last_run(self) -> Row[Any]:
        return self.rows("SELECT * FROM crawl_run ORDER BY run_id DESC LIMIT 1")[0]

    def count(self, table: str) -> int:
        (row,) = self.rows(f"SELECT count(*) FROM {table}")
        return int(row[0])


@dataclass
class Tote:
    """The synthetic site in this process, and its ledger."""

    server: Server

    @property
    def ledger(self) -> Ledger:
        return self.server.ledger

    @property
    def date(self) -> str:
        return f"date={self.ledger.plan.race_date.isoformat()}"

    def misbehave(self, **rule: Any) -> None:
        self.server.faults.replace([Rule(**rule)])

    def behave(self) -> None:
        self.server.faults.replace([])


@pytest.fixture
def tote() -> Iterator[Tote]:
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    plan = Plan(seed=7, start=now - RUNNING_FOR, timezone=daytime_zone(now))
    server = Server(Ledger(plan), Clock(), 0, log=None, rules=Faults())
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    yield Tote(server)
    server.stop()
    serving.join()
    server.server_close()


@pytest.fixture
def kind() -> str:
    """The database of the installation; a test that is about both is told each."""
    return "sqlite"


@pytest.fixture
def installation(kind: str, request: pytest.FixtureRequest, tmp_path: Path, tote: Tote) -> Installation:
    if kind == "sqlite":
        return Installation(tmp_path, tote.server.url)
    url = request.getfixturevalue("postgres_url")
    return Installation(tmp_path, tote.server.url, {"HORSES_DATABASE_URL": url})


@pytest.fixture
def installed(tmp_path: Path) -> Callable[[str], Installation]:
    """An installation that reads another site."""
    return lambda base_url: Installation(tmp_path, base_url)
