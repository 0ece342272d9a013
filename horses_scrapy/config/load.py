"""Layers: defaults < config/*.yaml < .env < environment < flags. All faults are reported at once."""

import os
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr, ValidationError

from horses_scrapy import clock
from horses_scrapy.config.env_file import EnvFile, read_env
from horses_scrapy.config.model import SECTIONS, Settings
from horses_scrapy.config.tracks import SourceConfig, parse_tracks
from horses_scrapy.config.yaml_file import Location, YamlFile, faults, known_keys, nearest, read
from horses_scrapy.errors import ConfigError

CONFIG_VARIABLE = "HORSES_CONFIG"
PREFIX = "HORSES_"
EARLY = (CONFIG_VARIABLE, clock.VARIABLE)
"""Read from the environment alone: they say where the files are, and what time it is."""
ALIASES: dict[str, tuple[str, str]] = {
    "DB_PATH": ("system", "database_path"),
    "HORSES_DATABASE_URL": ("system", "database_url"),
    "HORSES_DATABASE_DIRECT_URL": ("system", "database_direct_url"),
    "LOG_LEVEL": ("logging", "level"),
    "LOG_DIR": ("logging", "dir"),
    "EMAIL_SENDER": ("smtp", "sender"),
    "EMAIL_RECIPIENT": ("smtp", "recipients"),
    "SMTP_USERNAME": ("smtp", "username"),
    "SMTP_PASSWORD": ("smtp", "password"),
    "SCRAPYD_USERNAME": ("scrapyd", "username"),
    "SCRAPYD_PASSWORD": ("scrapyd", "password"),
}
ENVIRONMENT_ONLY = {
    ("smtp", "username"), ("smtp", "password"), ("scrapyd", "password"),
    ("system", "database_url"), ("system", "database_direct_url"),
}  # fmt: skip
"""Secrets: a value in a YAML file is an error, because files are shared and backed up."""


class Override(NamedTuple):
    """A value that replaces the file's, and the variable or flag that gave it."""

    where: tuple[str, str]
    value: str
    origin: str


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
    env_file = read_env(home / ".env")
    found = [*_unknown_sections(file), *_misplaced_secrets(file), *env_file.faults, *_misnamed(env_file, environ)]
    overrides = [*_variables(env_file.values, env_file.where), *_variables(environ, str), *_flags(flags or {})]
    try:
        settings = Settings(home=home, config_file=config_file, **_merged(file, overrides))
    except ValidationError as error:
        origins: dict[Location, str] = {item.where: item.origin for item in overrides}
        raise ConfigError("\n".join(found + faults(error, Settings, file, origins=origins))) from None
    if found:
        raise ConfigError("\n".join(found))
    sources, tracks, track_faults = parse_tracks(read(config_file.with_name("tracks.yaml")))
    told = {"sources": sources, "tracks": tracks, "track_faults": tuple(track_faults)}
    return settings.model_copy(update={**told, "credentials": _credentials(sources, {**env_file.values, **environ})})


def _credentials(sources: Mapping[str, SourceConfig], environ: Mapping[str, str]) -> dict[str, SecretStr]:
    """Only what the sources ask for: the rest of the environment is none of their business."""
    named = {name for source in sources.values() for name in source.variables()}
    return {name: SecretStr(environ[name]) for name in sorted(named) if environ.get(name)}


def _unknown_sections(file: YamlFile) -> list[str]:
    return [
        f"{file.where((str(name),))}: {name}: unknown key{nearest(str(name), SECTIONS)}"
        for name in file.data
        if name not in SECTIONS
    ]


def _misplaced_secrets(file: YamlFile) -> list[str]:
    names = {where: name for name, where in ALIASES.items()}
    return [
        f"{file.where((section, key))}: {section}.{key}: a secret; set {names[section, key]} in the environment or .env"
        for section, key in sorted(ENVIRONMENT_ONLY)
        if isinstance(file.data.get(section), dict) and file.data[section].get(key) not in (None, "")
    ]


def _merged(file: YamlFile, overrides: list[Override]) -> dict[str, Any]:
    given = {name: file.data[name] for name in SECTIONS if file.data.get(name) is not None}
    data = {name: _without_secrets(name, block) for name, block in given.items()}
    for (section, key), value, _origin in overrides:
        block = data.setdefault(section, {})
        if isinstance(block, dict):  # otherwise the section itself is reported
            block[key] = value
    return data


def _without_secrets(section: str, block: Any) -> Any:
    """A copy; a misplaced secret is reported as such, and must not appear in a report about its type."""
    if not isinstance(block, dict):
        return block
    return {key: value for key, value in block.items() if (section, key) not in ENVIRONMENT_ONLY}


def _flags(flags: Mapping[tuple[str, str], str]) -> list[Override]:
    return [Override(where, value, "command line") for where, value in flags.items()]


def variables() -> dict[str, tuple[str, str]]:
    """Every variable that sets something, and the (section, key) that it sets; the seed's names first."""
    generic = {
        f"{PREFIX}{section}__{key}".upper(): (section, key)
        for section in SECTIONS
        for key in known_keys(Settings, (section,))
    }
    return {**ALIASES, **generic}


def _variables(environ: Mapping[str, str], origin: Callable[[str], str]) -> Iterator[Override]:
    """What the variables set; an empty one sets nothing."""
    for name, where in variables().items():
        if environ.get(name):
            yield Override(where, environ[name], origin(name))


def _misnamed(env_file: EnvFile, environ: Mapping[str, str]) -> Iterator[str]:
    """Variables that look like ours and set nothing. In .env, which is ours, also the misspelt short names."""
    known = list(variables())
    for name in env_file.values:
        if name in EARLY:
            yield f"{env_file.where(name)}: is needed before this file is read; set it in the environment"
        else:
            yield from _unknown_variable(name, env_file.where(name), known)
    for name in sorted(environ):
        if name.startswith(PREFIX) and environ[name]:
            yield from _unknown_variable(name, name, [*known, *EARLY])


def _unknown_variable(name: str, origin: str, known: list[str]) -> Iterator[str]:
    likely = get_close_matches(name, known, n=1, cutoff=0.85)
    if name not in known and (likely or (name.startswith(PREFIX) and "__" in name)):
        yield f"{origin}: sets nothing{nearest(name, likely) if likely else _nearest_key(name)}"


def _nearest_key(name: str) -> str:
    section, _, key = name.removeprefix(PREFIX).lower().partition("__")
    return nearest(key, known_keys(Settings, (section,))) if section in SECTIONS else nearest(section, SECTIONS)
