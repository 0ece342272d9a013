"""Every saved day, replayed: tests/fixtures/<track>/<case>/{inputs/, meta.json, output.json}.

A case without output.json gets one written and fails: read it, then commit it.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from offline import outcome, pages, spider_of

from horses_scrapy.track_spider import TrackSpider

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = sorted(path.parent for path in FIXTURES.glob("*/*/meta.json"))


def spider_class(key: str) -> type[TrackSpider]:
    module = import_module(f"horses_scrapy.spiders.{key}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, TrackSpider) and getattr(value, "name", None) == f"track_{key}"
    )


def plain(value: Any) -> Any:
    """As JSON would bring it back; sets sorted, times in ISO 8601."""
    return json.loads(json.dumps(value, default=lambda v: sorted(v) if isinstance(v, frozenset) else v.isoformat()))


def inputs(case: Path, files: dict[str, str | None]) -> dict[str, bytes | None]:
    """The saved answers by the words of their requests (tests/offline.py); null: that download fails."""
    return {words: (case / "inputs" / name).read_bytes() if name else None for words, name in files.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_saved_day_gives_what_it_gave(case: Path) -> None:
    meta = json.loads((case / "meta.json").read_text("utf-8"))
    spider = spider_of(spider_class(case.parent.name), meta["frozen_time"], **meta["arguments"])
    found = plain(outcome(spider, pages(inputs(case, meta["pages"]))))
    expected = case / "output.json"
    if not expected.is_file():
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
        pytest.fail(f"{expected} was missing and is now what the spider gives: read it before you trust it")
    assert found == json.loads(expected.read_text("utf-8"))


def test_there_are_saved_days_of_both_json_sources() -> None:
    assert {"awapuni", "vincennes"} <= {case.parent.name for case in CASES}
