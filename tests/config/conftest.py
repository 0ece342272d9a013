"""A house in a folder of its own: config/config.yaml, config/tracks.yaml and .env as a test writes them."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from horses_scrapy import config
from horses_scrapy.errors import ConfigError

PROJECT = Path(__file__).parents[2]
SOUND_TRACKS = """\
sources:
  demo:
    base_url: http://127.0.0.1:8321
tracks:
  demo:
    code: DMO
    name: Synthetic Downs
    country: US
    timezone: America/New_York
    source: demo
    source_key: DMO
    currency: USD
"""


@dataclass
class House:
    """`load` writes the files that are given and loads them with exactly the environment that is given."""

    root: Path

    @property
    def config_file(self):
        return self.root / "config" / "config.yaml"

    @property
    def tracks_file(self):
        return self.root / "config" / "tracks.yaml"

    @property
    def env_file(self):
        return self.root / ".env"

    def load(self, text="", *, tracks=SOUND_TRACKS, env=None, environ=None, flags=None):
        self.config_file.parent.mkdir(exist_ok=True)
        self.config_file.write_text(text, encoding="utf-8")
        self.tracks_file.write_text(tracks, encoding="utf-8")
        if env is not None:
            self.env_file.write_text(env, encoding="utf-8")
            self.env_file.chmod(0o600)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return config.load(self.config_file, environ=environ or {}, flags=flags)

    def refusal(self, text="", **given):
        """The lines of the ConfigError that loading ends with, the folder's own path taken out."""
        with pytest.raises(ConfigError) as caught:
            self.load(text, **given)
        return str(caught.value).replace(f"{self.root}/", "").splitlines()


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)
