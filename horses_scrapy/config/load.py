"""Layers: defaults < config/*.yaml < .env < environment < flags. All faults are reported at once."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr, ValidationError

from horses_scrapy.config import secret
from horses_scrapy.config.env_file import read_env
from horses_scrapy.config.model import SECTIONS, Settings
from horses_scrapy.config.one_track import read_track
from horses_scrapy.config.tracks import parse_tracks
from horses_scrapy.config.variables import (
    ALIASES,
    CONFIG_VARIABLE,
    ENVIRONMENT_ONLY,
    Layer,
    Override,
    block_overrides,
    layers,
    misnamed,
    overrides,
    secret_variables,
    variables,
)  # fmt: skip
from horses_scrapy.config.yaml_file import YamlFile, faults, nearest, read
from horses_scrapy.errors import ConfigError

Flags = Mapping[tuple[str, str], str]


class Told(NamedTuple):
    """Settings, and the two files with everything in them that stands in for their own values."""

    settings: Settings
    config: YamlFile
    tracks: YamlFile


def config_path(given: str | os.PathLike[str] | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The file that --config names, else HORSES_CONFIG, else config/config.yaml beside the nearest scrapy.cfg."""
    named = given or environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named).absolute()
    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / "scrapy.cfg").is_file()), here)
    return root / "config" / "config.yaml"


def load(
    path: str | os.PathLike[str] | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    flags: Flags | None = None,
    track: str | None = None,
) -> Settings:
    """Settings of this process; `flags` maps (section, key) to a value given on the command line.

    track: all that the crawl of one track needs, and a tenth of the time: no other track, and of the secrets that a file
    or a command gives only the database's and those of the track's source.
    Raises ConfigError (exit 2) for config.yaml, the environment and flags; faults of tracks.yaml stand in
    `track_faults`, because one broken track must not stop the others.
    """
    return load_told(path, environ=environ, flags=flags, track=track).settings


def load_told(
    path: str | os.PathLike[str] | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    flags: Flags | None = None,
    track: str | None = None,
) -> Told:
    """As `load`, with where each value came from."""
    config_file = config_path(path, environ)
    home = config_file.parent.parent
    file = read(config_file)
    env_file = read_env(home / ".env")
    found = [*_unknown_sections(file), *_misplaced_secrets(file), *env_file.faults, *misnamed(env_file, environ)]
    given = secret.resolved(layers(env_file, environ), _secrets(track), home, found)
    file = _with_overrides(_of_sections(file), [*_of_layers(given), *_flags(flags or {})])
    settings = _validated(file, home, config_file, found)
    tracks_file = _tracks_file(config_file.with_name("tracks.yaml"), track, given, found)
    sources, tracks, track_faults = parse_tracks(tracks_file)
    named = [name for source in sources.values() for name in source.variables()]
    credentials = _credentials(secret.resolved(given, named, home, found), named)
    if found:
        raise ConfigError("\n".join(found))
    told = {"sources": sources, "tracks": tracks, "track_faults": tuple(track_faults), "credentials": credentials}
    return Told(settings.model_copy(update=told), file, tracks_file)


def _validated(file: YamlFile, home: Path, config_file: Path, found: list[str]) -> Settings:
    """Raises ConfigError with what was found before, too."""
    try:
        return Settings(home=home, config_file=config_file, **file.data)
    except ValidationError as error:
        raise ConfigError("\n".join(found + faults(error, Settings, file))) from None


def _secrets(track: str | None) -> list[str]:
    """Variables whose secret may stand elsewhere. A crawl sends no mail, and asks neither scrapyd nor a dead-man switch."""
    names = secret_variables()
    return names if track is None else [name for name in names if variables()[name][0] == "system"]


def _tracks_file(path: Path, track: str | None, given: Iterable[Layer], found: list[str]) -> YamlFile:
    file = read(path) if track is None else read_track(path, track)
    unknown: list[str] = []
    changes = [change for layer in given for change in block_overrides(layer, file, unknown)]
    found += unknown if track is None else []  # a job's file lacks the blocks of others, not by mistake
    return _with_overrides(file, changes)


def _with_overrides(file: YamlFile, changes: Iterable[Override]) -> YamlFile:
    for change in changes:
        file = file.with_value(*change)
    return file


def _of_layers(given: Iterable[Layer]) -> list[Override]:
    return [change for layer in given for change in overrides(layer)]


def _credentials(given: Iterable[Layer], named: Iterable[str]) -> dict[str, SecretStr]:
    """Only what the sources ask for: the rest of the environment is none of their business."""
    values = {name: value for layer in given for name, value in layer.values.items() if value}
    return {name: SecretStr(values[name]) for name in sorted(set(named)) if name in values}


def _unknown_sections(file: YamlFile) -> list[str]:
    return [
        f"{file.where((str(name),))}: {name}: unknown key{nearest(str(name), SECTIONS)}"
        for name in file.data
        if name not in SECTIONS
    ]


def _misplaced_secrets(file: YamlFile) -> list[str]:
    names = {where: name for name, where in ALIASES.items()}
    found = []
    for section, key in sorted(ENVIRONMENT_ONLY):
        block = file.data.get(section)
        if isinstance(block, dict) and block.get(key) not in (None, ""):
            told = f"{section}.{key}: a secret; set {names[section, key]} in the environment or .env"
            found.append(f"{file.where((section, key))}: {told}")
    return found


def _of_sections(file: YamlFile) -> YamlFile:
    """Without what is reported already: unknown sections, and misplaced secrets, which no report about types may quote."""
    data = {name: _without_secrets(name, file.data[name]) for name in SECTIONS if file.data.get(name) is not None}
    return YamlFile(file.path, data, file.node)


def _without_secrets(section: str, block: Any) -> Any:
    if not isinstance(block, dict):
        return block
    return {key: value for key, value in block.items() if (section, key) not in ENVIRONMENT_ONLY}


def _flags(flags: Flags) -> list[Override]:
    return [Override(where, value, "command line") for where, value in flags.items()]
