"""A card on 2 May 2026, from 12:30 in New York."""

import datetime as dt
from pathlib import Path

import pytest

from horses_scrapy import config
from horses_scrapy.config import Track
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def start() -> dt.datetime:
    return dt.datetime(2026, 5, 2, 16, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def ledger(start) -> Ledger:
    return Ledger(Plan(seed=7, start=start))


@pytest.fixture(scope="session")
def track() -> Track:
    return config.load(ROOT / "config" / "config.yaml", environ={}).tracks["demo"]
