"""A sound day at the synthetic tote, as it is stored: a race that was run, and one that was called off."""

import datetime as dt
import shutil
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.recording import record
from horses_scrapy.storage.engine import open_store

ROOT = Path(__file__).parents[2]
PLAN = Plan(
    seed=7,
    start=dt.datetime(2026, 5, 2, 12, 30, tzinfo=ZoneInfo("America/New_York")),
    races=2,
    first_post=720,
    spacing=300,
    cancelled=2,
)


@pytest.fixture(scope="session")
def told():
    """The shipped configuration, without the variables of whoever runs the tests."""
    return config.load(ROOT / "config" / "config.yaml", environ={})


@pytest.fixture(scope="session")
def on(told):
    """The settings of a database: a file, or a URL."""

    def of(path: Path | None = None, url: str | None = None):
        system = told.system.model_copy(update={"database_path": path}) if url is None else None
        if system is None:
            system = type(told.system).model_validate({"database_url": url})
        return told.model_copy(update={"system": system})

    return of


@pytest.fixture(scope="session")
def day(told):
    """Fills a database."""

    def fill(settings) -> None:
        with closing(open_store(settings, Clock(), create_as="sample")) as store:
            record(store, Ledger(PLAN), told.tracks["demo"], every=60)

    return fill


@pytest.fixture(scope="session")
def sound(tmp_path_factory, on, day):
    path = tmp_path_factory.mktemp("sound") / "sample.db"
    day(on(path))
    return path


@pytest.fixture
def sample(sound, tmp_path):
    """A copy of one's own."""
    return Path(shutil.copy(sound, tmp_path / "sample.db"))
