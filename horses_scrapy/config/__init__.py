"""config/*.yaml, the environment and flags -> typed, strict settings. Loaded once by each process and passed in."""

from horses_scrapy.config.env_file import LooseEnvFile
from horses_scrapy.config.load import config_path, load
from horses_scrapy.config.model import Settings
from horses_scrapy.config.tracks import SourceConfig, Track, Validation
from horses_scrapy.config.variables import CONFIG_VARIABLE, TRACK_VARIABLE

__all__ = [
    "CONFIG_VARIABLE", "TRACK_VARIABLE", "LooseEnvFile", "Settings", "SourceConfig", "Track", "Validation", "config_path",
    "load",
]  # fmt: skip
