"""Layers: defaults < config/*.yaml < .env < environment < flags. All faults are reported at once."""

import os
import stat
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from horses_scrapy.config.model import SECTIONS, Settings
from horses_scrapy.config.tracks import parse_tracks
from horses_scrapy.config.yaml_file import YamlFile, faults, known_keys, nearest, read
from horses_scrapy.errors import ConfigError

CONFIG_VARIABLE = "HORSES_CONFIG"
PREFIX = "HORSES_"
ALIASES: dict[str, tuple[str, str]] = {
    "DB_PATH": ("system", "database_path"),
    "HORSES_DATABASE_URL": ("system", "database_url"),
    "LOG_LEVEL": ("logging", "level"),
    "LOG_DIR": ("logging", "dir"),
    "EMAIL_SENDER": ("smtp", "sender"),
    "EMAIL_RECIPIENT": ("smtp", "recipients"),
    "SMTP_USERNAME": ("smtp", "username"),
    "SMTP_PASSWORD": ("smtp", "password"),
    "SCRAPYD_USERNAME": ("scrapyd", "username"),
    "SCRAPYD_PASSWORD": ("scrapyd", "password"),
}
ENVIRONMENT_ONLY = {("smtp", "username"), ("smtp", "password"), ("scrapyd", "password"), ("system", "database_url")}
"""Secrets: a value in a YAML file is an error, because files are shared and backed up."""


class LooseEnvFile(UserWarning):
    """.env can be read by other users of this machine."""


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
    flags: Mapping[tuple[str, str], str] | None = None,
) -> Settings:
    """Settings of this process; `flags` maps (section, key) to a value given on the command line.

    Raises ConfigError (exit 2) for config.yaml, the environment and flags; faults of tracks.yaml stand in
    `track_faults`, because one broken track must not stop the others.
    """
    config_file = config_path(path, environ)
    file = read(config_file)
    home = config_file.parent.parent
    environment = {**_env_file(home / ".env"), **environ}
    found = _misplaced_secrets(file)
    data, origins = _layers(file, environment, flags or {}, found)
    try:
        settings = Settings(home=home, config_file=config_file, **data)
    except ValidationError as error:
        raise ConfigError("\n".join(found + _located(error, file, origins))) from error
    if found:
        raise ConfigError("\n".join(found))
    sources, tracks, track_faults = parse_tracks(read(config_file.with_name("tracks.yaml")))
    return settings.model_copy(update={"sources": sources, "tracks": tracks, "track_faults": tuple(track_faults)})


def _env_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        warnings.warn(f"{path} can be read by others: chmod 600 {path}", LooseEnvFile, stacklevel=3)
    return {key: value for key, value in dotenv_values(path, interpolate=False).items() if value is not None}


def _misplaced_secrets(file: YamlFile) -> list[str]:
    names = {where: name for name, where in ALIASES.items()}
    return [
        f"{file.where((section, key))}: {section}.{key}: a secret; set {names[section, key]} in the environment or .env"
        for section, key in sorted(ENVIRONMENT_ONLY)
        if isinstance(file.data.get(section), dict) and file.data[section].get(key)
    ]


def _layers(
    file: YamlFile, environ: Mapping[str, str], flags: Mapping[tuple[str, str], str], found: list[str]
) -> tuple[dict[str, Any], dict[tuple[str, str], str]]:
    data = {name: dict(value) if isinstance(value, dict) else value for name, value in file.data.items()}
    data = {name: value for name, value in data.items() if value is not None}
    origins: dict[tuple[str, str], str] = {}
    overrides = [(where, value, name) for name, where, value in _variables(environ, found)]
    overrides += [(where, value, f"--{where[1].replace('_', '-')}") for where, value in flags.items()]
    for (section, key), value, origin in overrides:
        block = data.setdefault(section, {})
        if isinstance(block, dict):
            block[key] = value
            origins[section, key] = origin
    return data, origins


def _variables(environ: Mapping[str, str], found: list[str]) -> list[tuple[str, tuple[str, str], str]]:
    """Each variable that sets something: its name, the key that it sets, its value. An empty one sets nothing."""
    variables = [(name, where, environ[name]) for name, where in ALIASES.items() if environ.get(name)]
    for name in sorted(environ):
        section, separator, key = name.removeprefix(PREFIX).lower().partition("__")
        if not name.startswith(PREFIX) or not separator or not environ[name]:
            continue
        known = known_keys(Settings, (section,)) if section in SECTIONS else []
        if key in known:
            variables.append((name, (section, key), environ[name]))
        else:
            found.append(f"{name}: sets nothing{nearest(key, known) if known else nearest(section, SECTIONS)}")
    return variables


def _located(error: ValidationError, file: YamlFile, origins: Mapping[tuple[str, str], str]) -> list[str]:
    lines = faults(error, Settings, file)
    for index, item in enumerate(error.errors(include_url=False)):
        origin = origins.get(tuple(map(str, item["loc"][:2])))  # type: ignore[arg-type]
        if origin is not None:
            lines[index] = f"{origin}: {item['msg']}"
    return lines
