"""Documents of the two JSON sources, parsed, to be changed by a test."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from crawling import ROOT

FIXTURES = ROOT / "tests/fixtures"


@pytest.fixture
def saved() -> Callable[[str], Any]:
    """`saved("awapuni/race_day/event_1")`: a fresh copy of an input."""

    def load(name: str) -> Any:
        track, case, page = name.split("/")
        return json.loads((FIXTURES / track / case / "inputs" / f"{page}.json").read_text("utf-8"))

    return load
