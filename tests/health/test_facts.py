"""The facts that a start asks for."""

from contextlib import closing
from pathlib import Path

import pytest

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.errors import StoreBusy
from horses_scrapy.health import Fault, check
from horses_scrapy.storage.engine import open_store

SHIPPED = Path(__file__).parents[2] / "config"


@pytest.fixture
def settings(tmp_path, server):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "config.yaml").write_text("{}")
    (folder / "tracks.yaml").write_text((SHIPPED / "tracks.yaml").read_text())
    environ = {"SCRAPYD_PASSWORD": "correct-horse", "HORSES_SCRAPYD__URL": server.url}
    return config.load(folder / "config.yaml", environ=environ)


@pytest.fixture
def store(settings):
    with closing(open_store(settings, Clock())) as opened:
        yield opened


@pytest.fixture
def locked(server, monkeypatch):
    """Answers 401 without the password."""

    def guarded(handler):
        known = "Authorization" in handler.headers
        handler.server.answer = (200, server.told) if known else (401, "")
        plain(handler)

    plain = server.RequestHandlerClass.do_GET
    server.told = '{"status": "ok", "spiders": ["track_demo"]}'
    server.RequestHandlerClass = type("Guarded", (server.RequestHandlerClass,), {"do_GET": guarded, "do_POST": guarded})
    return server


def test_healthy(settings, store, locked):
    assert check(settings, store) == []


def test_a_scrapyd_that_anyone_may_use_is_a_fault(settings, store):
    (fault,) = check(settings, store)
    assert (fault.check, fault.fatal) == ("scrapyd", True)
    assert "answers without a password: start it with scripts/run_scrapyd.py" in str(fault)


def test_the_wrong_password_is_a_fault(settings, store, server):
    server.answer = (401, "")
    (fault,) = check(settings, store)
    assert str(fault).startswith("scrapyd: ")
    assert "401" in str(fault)


def test_a_project_that_cannot_be_listed_is_a_fault(settings, store, locked):
    locked.told = '{"status": "error", "message": "ImportError: no module horses"}'
    (fault,) = check(settings, store)
    assert "ImportError" in str(fault)


def test_a_track_without_its_spider_is_a_fault_of_that_track(settings, store, locked):
    locked.told = '{"status": "ok", "spiders": ["track_other"]}'
    assert check(settings, store) == [
        Fault("spiders", "scrapyd has no spider track_demo; it has track_other", fatal=False)
    ]


@pytest.mark.parametrize("error", [StoreBusy("pid 7 holds it"), OSError("read only")])
def test_a_database_that_cannot_be_written_is_a_fault_beside_the_others(settings, store, server, monkeypatch, error):
    def refuse():
        raise error

    monkeypatch.setattr(store, "write", refuse)
    server.answer = (401, "")
    database, scrapyd = check(settings, store)
    assert database.check == "database"
    assert str(error) in database.text
    assert str(store.path) in database.text
    assert scrapyd.check == "scrapyd"
