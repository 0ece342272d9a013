"""Which channels a rule file asks for, and what stands in the way."""

import pytest

from alerts.channels.registry import channel_faults, channels_of
from alerts.rules.policy import Delivery
from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError

TWO = Delivery(channels={"pager": "PAGER_URL", "chat": "CHAT_URL"})


@pytest.fixture
def settings(tmp_path):
    (tmp_path / ".env").touch(mode=0o600)
    return Settings.model_validate({"home": tmp_path, "config_file": tmp_path / "config" / "config.yaml"})


def test_mail_is_always_there(settings):
    channels = channels_of(settings, Delivery(), {})
    assert list(channels) == ["mail", "apprise"]
    assert {name: channel.name for name, channel in channels.items()} == {"mail": "mail", "apprise": "apprise"}
    assert channels["mail"].where == "localhost:587 (starttls)"


def test_urls_come_from_the_environment_or_else_from_the_env_file(settings):
    (settings.home / ".env").write_text("PAGER_URL=json://127.0.0.1:1/file\nCHAT_URL=json://127.0.0.1:1/file\n")
    found = channels_of(settings, TWO, {"CHAT_URL": "jsons://127.0.0.1:1/environment"})["apprise"]
    assert found.where == "apprise (pager, chat)"
    assert [services[0].secure for services in found._services.values()] == [False, True]


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, ["PAGER_URL", "CHAT_URL"]),
        ({"PAGER_URL": "json://127.0.0.1/s3cret"}, ["CHAT_URL"]),
        ({"PAGER_URL": "", "CHAT_URL": "nosuch://s3cret"}, ["PAGER_URL", "channel chat"]),
    ],
)
def test_all_that_is_missing_or_bad_is_named_and_nothing_shown(settings, environ, named):
    faults = channel_faults(settings, TWO, environ)
    assert [name in fault for name, fault in zip(named, faults, strict=True)] == [True] * len(named)
    with pytest.raises(ConfigError) as error:
        channels_of(settings, TWO, environ)
    assert named[0] in str(error.value)
    assert "s3cret" not in "".join(faults) + str(error.value)


def test_nothing_in_the_way(settings):
    assert channel_faults(settings, TWO, {"PAGER_URL": "json://h/a", "CHAT_URL": "json://h/b"}) == []
    assert channel_faults(settings, Delivery(), {}) == []


def test_a_url_can_stand_in_a_file_or_come_from_a_command(settings):
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / "pager").write_text("json://127.0.0.1/s3cret\n", encoding="utf-8")
    environ = {"PAGER_URL_FILE": "pager", "CHAT_URL_COMMAND": "cat pager"}
    assert channel_faults(settings, TWO, environ) == []
    (fault, *_) = channel_faults(settings, TWO, {**environ, "PAGER_URL_FILE": "absent"})
    assert "PAGER_URL_FILE" in fault
    assert "cannot be read: No such file" in fault
