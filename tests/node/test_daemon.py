"""What scrapyd is started with, and when it is not started."""

import configparser
from importlib.util import find_spec
from pathlib import Path

import pytest
from scrapy.utils.misc import load_object
from scrapyd.webservice import Schedule

from horses_scrapy import config
from horses_scrapy.errors import ConfigError
from horses_scrapy.node import daemon

SHIPPED = Path(__file__).parents[2] / "config" / "scrapyd.conf"


def settings_of(home, **environ):
    return config.load(home / "config" / "config.yaml", environ=environ)


def test_scrapyd_gets_our_password_port_and_configuration(home, settings):
    found = daemon.environment(settings, {"PATH": "/bin", "SCRAPYD_UNIX_SOCKET_PATH": "/tmp/open"})
    port = settings.scrapyd.url.rpartition(":")[2]
    assert found == {
        "PATH": "/bin", "SCRAPYD_USERNAME": "horses", "SCRAPYD_PASSWORD": "correct-horse",
        "SCRAPYD_HTTP_PORT": port, "HORSES_CONFIG": str(home / "config" / "config.yaml"),
        "PYTHONPATH": str(SHIPPED.parents[1]),
    }  # fmt: skip


def test_no_password_no_start(home):
    with pytest.raises(ConfigError, match=r"set SCRAPYD_PASSWORD in \.env") as refused:
        daemon.environment(settings_of(home), {})
    assert "secrets.token_urlsafe()" in str(refused.value)


@pytest.mark.parametrize("url", ["http://192.0.2.7:6800", "https://127.0.0.1:6800", "http://example.org:6800"])
def test_only_this_machine(home, url):
    told = settings_of(home, SCRAPYD_PASSWORD="x", HORSES_SCRAPYD__URL=url)
    with pytest.raises(ConfigError, match=r"scrapyd\.url"):
        daemon.environment(told, {})


@pytest.mark.parametrize(
    ("address", "open_to_all"), [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True), ("::", True), ("", True)]
)
def test_a_bind_address_that_others_reach_is_refused(address, open_to_all):
    if not open_to_all:
        daemon.refuse_open(address)
        return
    with pytest.raises(ConfigError, match="bind_address"):
        daemon.refuse_open(address)


@pytest.mark.parametrize("where", ["scrapyd.conf", "scrapy.cfg", "environment"])
def test_it_is_refused_wherever_it_is_said(home, settings, monkeypatch, where):
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(daemon.os, "execve", lambda *_: pytest.fail("started"))
    if where == "scrapy.cfg":
        with (home / "scrapy.cfg").open("a") as file:
            file.write("[scrapyd]\nbind_address = 0.0.0.0\n")
    if where == "scrapyd.conf":
        (home / "config" / "scrapyd.conf").write_text("[scrapyd]\nbind_address = 0.0.0.0\n")
    with pytest.raises(ConfigError, match=r"0\.0\.0\.0"):
        daemon.become_scrapyd(settings, {"SCRAPYD_BIND_ADDRESS": "0.0.0.0"} if where == "environment" else {})


def test_without_its_configuration_scrapyd_does_not_start(home, settings):
    (home / "config" / "scrapyd.conf").unlink()
    with pytest.raises(ConfigError, match=r"scrapyd\.conf: not found"):
        daemon.become_scrapyd(settings, {})


def test_the_shipped_configuration():
    parser = configparser.ConfigParser()
    parser.read(SHIPPED)
    told = parser["scrapyd"]
    assert told["bind_address"] == "127.0.0.1"
    assert told.getfloat("poll_interval") == 0.2
    assert told["jobstorage"] == "scrapyd.jobstorage.SqliteJobStorage"
    assert told.getint("max_proc") == 0, "our launcher counts the tracks"
    ours = [told[name] for name in ("poller", "launcher", "spiderqueue")]
    assert all(callable(load_object(path)) for path in ours)
    assert find_spec(told["runner"]) is not None
    assert all("data/scrapyd/" in told[name] for name in ("dbs_dir", "logs_dir", "eggs_dir"))
    services = dict(parser["services"])
    assert issubclass(load_object(services.pop("schedule.json")), Schedule)
    assert services == dict.fromkeys(("addversion.json", "delversion.json", "delproject.json"), "")
    assert not any("#" in value for value in told.values()), "a comment behind a value is part of it"
