import runpy
from pathlib import Path
from typing import Any

import pytest
from crawling import write_config
from scrapy.utils.misc import load_object

HOST = "http://127.0.0.1:8000"


def load(config: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("HORSES_CONFIG", str(config))
    return runpy.run_module("horses_scrapy.settings")


def test_every_component_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = load(write_config(tmp_path, HOST), monkeypatch)
    for setting in ("EXTENSIONS", "DOWNLOADER_MIDDLEWARES", "ITEM_PIPELINES"):
        for path in found[setting]:
            assert load_object(path).__module__.startswith("horses_scrapy.")
    assert list(found["ITEM_PIPELINES"].values()) == [100, 200, 300, 500]


def test_nothing_that_runs_python_or_passes_the_host_check_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = load(write_config(tmp_path, HOST), monkeypatch)
    listed = {
        path.split(".")[2] for setting in ("EXTENSIONS", "DOWNLOADER_MIDDLEWARES") for path in found[f"{setting}_BASE"]
    }
    assert listed.isdisjoint({"telnet", "remote_control", "offsite", "retry", "cookies", "httpcache"})
    assert {"robotstxt", "redirect", "useragent", "downloadtimeout", "closespider", "feedexport"} <= listed
    assert found["ROBOTSTXT_OBEY"] is True
    assert found["DOWNLOAD_VERIFY_CERTIFICATES"] is True


def test_the_contact_is_in_the_user_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = write_config(tmp_path / "named", HOST, sections={"http": {"contact": "me@example.test"}})
    assert load(named, monkeypatch)["USER_AGENT"] == "horses_scrapy/0.1 (+me@example.test)"
    nameless = write_config(tmp_path / "nameless", HOST)
    assert load(nameless, monkeypatch)["USER_AGENT"] == "horses_scrapy/0.1"


def test_a_job_that_is_told_its_track_reads_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_config(tmp_path, HOST)
    assert len(load(config, monkeypatch)["HORSES"].tracks) > 1
    monkeypatch.setenv("HORSES_TRACK", "demo")
    assert list(load(config, monkeypatch)["HORSES"].tracks) == ["demo"]


def test_a_broken_configuration_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, HOST, sections={"http": {"timeuot": 5}})
    with pytest.raises(SystemExit) as caught:
        load(config, monkeypatch)
    assert caught.value.code == 2
    assert "did you mean timeout?" in capsys.readouterr().err
