"""A home of its own for each test (node_home.py)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from node_home import Home, Starter, free_port, make_home, wait_until

from horses_scrapy.config import Settings


@pytest.fixture
def place(tmp_path: Path) -> Home:
    return make_home(tmp_path, free_port())


@pytest.fixture
def home(place: Home) -> Path:
    return place.path


@pytest.fixture
def settings(place: Home) -> Settings:
    return place.settings


@pytest.fixture
def start(place: Home) -> Iterator[Starter]:
    starter = Starter(place)
    yield starter
    starter.end()


@pytest.fixture
def waited() -> Callable[..., object]:
    return wait_until
