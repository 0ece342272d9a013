"""The end of a crawl asks the rules about ourselves for its track, and ends whatever they say."""

import logging
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from alerts.system_engine import SystemEngine
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings, Track
from horses_scrapy.errors import StoreBusy
from horses_scrapy.extensions.crawl_run import CrawlRun
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.runs import Run
from horses_scrapy.storage.schema import alert, crawl_run

RULE = "rules: [{name: refused, kind: outcome}]\n"
TRACK = Track(
    key="demo", code="DMO", name="Synthetic Downs", country="US", timezone="America/New_York", source="demo",
    source_key="DMO", base_url="http://127.0.0.1:1", currency="USD",
)  # fmt: skip


@pytest.fixture
def ended(tmp_path):
    """A run of the track that ended blocked, and the extension that recorded it."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "alerts.yaml").write_text(RULE, "utf-8")
    settings = Settings.model_validate({"home": tmp_path, "config_file": tmp_path / "config" / "config.yaml"})
    settings = settings.model_copy(update={"tracks": {"demo": TRACK}})
    store = open_store(settings, Clock())
    run = Run.begin(store, Clock(), spider="track_demo", track="demo", source="demo", job_id=None)
    with store.write() as connection:
        connection.execute(update(crawl_run).values(outcome="blocked", finished_at=Clock().now_ms()))
    yield CrawlRun(SimpleNamespace(settings={"HORSES": settings})), run, settings
    store.close()


def test_a_bad_end_is_told(ended, caplog):
    extension, run, _ = ended
    with caplog.at_level(logging.INFO):
        extension._tell(run)
        extension._tell(run)
    assert [message.split(" the newest")[0] for message in caplog.messages] == ["Alert: DMO crawl ended blocked"]
    with run.store.read() as connection:
        assert connection.execute(select(alert.c.scope, alert.c.subject)).all() == [("track:demo", "blocked")]


def test_a_database_that_is_busy_then_costs_the_crawl_nothing(ended, caplog, monkeypatch):
    extension, run, _ = ended

    def busy(*_):
        raise StoreBusy("process 7 holds it")

    monkeypatch.setattr(SystemEngine, "evaluate_track", busy)
    extension._tell(run)
    assert caplog.messages == ["The rules about ourselves were not asked: process 7 holds it"]


def test_neither_do_rules_that_are_broken_meanwhile(ended, caplog):
    extension, run, settings = ended
    settings.alerts_file.write_text("rules: [{name: refused}]\n", "utf-8")
    extension._tell(run)
    assert len(caplog.messages) == 1
    assert "rules.0.kind" in caplog.messages[0]
