"""The files as shipped: valid, complete, and equal to the defaults that the model has."""

import stat
import warnings
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from horses_scrapy import config
from horses_scrapy.config.env_file import read_env
from horses_scrapy.config.model import SECTIONS, Settings
from horses_scrapy.config.variables import ALIASES, ENVIRONMENT_ONLY

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written():
    return yaml.safe_load((PROJECT / "config" / "config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Loaded from a copy, so that a developer's own .env changes nothing."""
    home = tmp_path_factory.mktemp("home")
    (home / "config").mkdir()
    for name in ("config.yaml", "tracks.yaml"):
        (home / "config" / name).write_bytes((PROJECT / "config" / name).read_bytes())
    return config.load(home / "config" / "config.yaml", environ={})


def test_every_key_stands_in_config_yaml_secrets_apart(written):
    expected = {
        section: {*Settings.model_fields[section].annotation.model_fields}
        - {key for name, key in ENVIRONMENT_ONLY if name == section}
        for section in SECTIONS
    }
    assert {section: set(block) for section, block in written.items()} == expected


def test_every_written_value_is_the_default(shipped):
    assert {section: getattr(shipped, section) for section in SECTIONS} == {
        section: Settings.model_fields[section].default for section in SECTIONS
    }


def test_every_section_of_the_model_is_one_that_a_file_may_set():
    others = {"home", "config_file", "sources", "tracks", "track_faults", "credentials"}
    assert set(Settings.model_fields) == {*SECTIONS, *others}


def test_no_track_is_broken_and_only_the_synthetic_one_is_enabled(shipped):
    assert shipped.track_faults == ()
    assert list(shipped.enabled_tracks) == ["demo"]
    assert shipped.tracks["demo"].base_url.startswith("http://127.0.0.1")
    assert {"awapuni", "vincennes"} <= set(shipped.tracks)


def test_the_secrets_are_those_of_the_model():
    secret = {
        (section, key)
        for section in SECTIONS
        for key, field in Settings.model_fields[section].annotation.model_fields.items()
        if isinstance(field.default, SecretStr) or "SecretStr" in repr(field.annotation)
    }
    assert secret == ENVIRONMENT_ONLY - {("smtp", "username")}
    assert set(ALIASES.values()) >= ENVIRONMENT_ONLY


def test_the_example_of_env_names_only_variables_that_we_read_and_sets_nothing(tmp_path):
    example = tmp_path / ".env"
    example.write_bytes((PROJECT / ".env.example").read_bytes())
    example.chmod(stat.S_IRUSR | stat.S_IWUSR)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_env(example)
    assert found.faults == []
    assert found.values == {}
    mail = {"EMAIL_SENDER", "EMAIL_RECIPIENT", "SMTP_USERNAME", "SMTP_PASSWORD"}
    assert set(found.lines) == {
        *mail,
        "SCRAPYD_PASSWORD",
        "PING_URL",
        "API_KEY",
        "HORSES_DATABASE_URL",
        "HORSES_DATABASE_DIRECT_URL",
    }
    assert set(found.lines) <= set(ALIASES)
