"""A card of the synthetic tote, stored to three minutes before the second of three posts, and the application over it."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browsers import need_browser
from browsing import chromium
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser
from sqlalchemy import text

from horses_scrapy import clock, config
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.simulator.items import Witness
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.storage import writer
from horses_scrapy.storage.engine import Store, open_store
from horses_scrapy.web.app import create_app

START = dt.datetime(2026, 5, 2, 17, 0, tzinfo=dt.UTC)
LEDGER = Ledger(Plan(seed=7, start=START, races=3, first_post=600, spacing=600))
NOW = START + dt.timedelta(seconds=600 + 600 - 180)
EVERY = 30
LOOPBACK = "http://127.0.0.1:5000"


@dataclass(frozen=True, slots=True)
class Still(Clock):
    """Stands; `at` can be moved by a test."""

    at: list[dt.datetime] = field(default_factory=lambda: [NOW])

    def now_ms(self) -> int:
        return clock.to_ms(self.at[0])


@dataclass
class House:
    """The application over a database of its own. `client` asks it; `look` stores what the tote shows at an instant."""

    settings: Settings
    clock: Still
    store: Store
    app: FastAPI
    client: TestClient

    def look(self, at: dt.datetime) -> None:
        """As a crawl then would; the clock stands there."""
        self.clock.at[0] = at
        look(self.store, self.settings, at)

    def tell(self, sql: str, **given) -> None:
        """By hand; races are marked as changed, as every writer of cards would."""
        with self.store.write() as connection:
            connection.execute(text(sql), given)
            connection.execute(text("UPDATE race SET updated_at = updated_at + 1"))

    def stand(self, at: dt.datetime) -> None:
        """The clock at `at`, and nothing kept from before."""
        self.clock.at[0] = at
        self.tell("SELECT 1")

    def get(self, path: str, status: int = 200, **given):
        answer = self.client.get(path, **given)
        assert answer.status_code == status, answer.text
        return answer

    def json(self, path: str, status: int = 200, **given):
        return self.get(path, status, **given).json()


def look(store: Store, settings: Settings, at: dt.datetime) -> None:
    track = settings.tracks["demo"]
    with store.write() as connection:
        for entry in LEDGER.races.values():
            witness = Witness(LEDGER, track, at)
            seen = {"run_id": None, "now_ms": clock.to_ms(at)}
            writer.store_race(connection, witness.race(entry), track, **seen)
            writer.store_board(connection, witness.odds(entry), track, **seen)
            result = witness.result(entry)
            if result is not None:
                writer.store_result(connection, result, track, **seen)


@pytest.fixture(scope="session")
def card_file(tmp_path_factory) -> Path:
    """Made once; a test copies it."""
    path = tmp_path_factory.mktemp("card") / "card.db"
    settings = config.load(environ={"DB_PATH": str(path)})
    with closing(open_store(settings, Clock(), create_as="sample")) as store:
        at = START
        while at <= NOW:
            look(store, settings, at)
            at += dt.timedelta(seconds=EVERY)
    return path


@contextmanager
def houses(card_file: Path, folder: Path) -> Iterator[Callable[..., House]]:
    """Makes a House; `environ` is what its configuration is given beside the database."""
    opened = []

    def make(**environ: str) -> House:
        path = folder / f"board{len(opened)}.db"
        shutil.copy(card_file, path)
        settings = config.load(environ={"DB_PATH": str(path), **environ})
        now = Still()
        store = open_store(settings, now)
        app = create_app(settings, now, store)
        client = TestClient(app, base_url=LOOPBACK, raise_server_exceptions=False)
        client.__enter__()
        opened.append((client, store))
        return House(settings, now, store, app, client)

    yield make
    for client, store in opened:
        client.__exit__(None, None, None)
        store.close()


@pytest.fixture
def house_of(card_file, tmp_path) -> Iterator[Callable[..., House]]:
    with houses(card_file, tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def still_house(card_file, tmp_path_factory) -> Iterator[House]:
    """For the tests of a module that store nothing and leave the clock alone."""
    with houses(card_file, tmp_path_factory.mktemp("still")) as make:
        yield make()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    need_browser()
    with chromium() as started:
        yield started


@pytest.fixture
def house(house_of) -> House:
    return house_of()


@pytest.fixture
def postgres_house(postgres_url, tmp_path) -> Iterator[House]:
    """The same application over PostgreSQL, where one look is stored."""
    settings = config.load(environ={"HORSES_DATABASE_URL": postgres_url})
    now = Still()
    with closing(open_store(settings, now)) as store:
        app = create_app(settings, now, store)
        with TestClient(app, base_url=LOOPBACK, raise_server_exceptions=False) as client:
            look(store, settings, NOW)
            yield House(settings, now, store, app, client)
