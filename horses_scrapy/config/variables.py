"""Environment variables: which there are, what each sets, and the misspelt ones."""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import NamedTuple

import yaml
from pydantic import BaseModel

from horses_scrapy import clock
from horses_scrapy.config.env_file import EnvFile
from horses_scrapy.config.model import SECTIONS, Settings
from horses_scrapy.config.yaml_file import YamlFile, known_keys, nearest
from horses_scrapy.config.yaml_text import Location

CONFIG_VARIABLE = "HORSES_CONFIG"
TRACK_VARIABLE = "HORSES_TRACK"
PREFIX = "HORSES_"
EARLY = (CONFIG_VARIABLE, TRACK_VARIABLE, clock.VARIABLE)
"""Read from the environment alone: they say where the files are, what of them a job needs, and what time it is."""
ALIASES: dict[str, Location] = {
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
    "PING_URL": ("scheduler", "ping_url"),
    "API_PORT": ("api", "port"),
    "API_KEY": ("api", "key"),
}
ENVIRONMENT_ONLY: set[tuple[str, str]] = {
    ("smtp", "username"), ("smtp", "password"), ("scrapyd", "password"), ("scheduler", "ping_url"), ("api", "key"),
    ("system", "database_url"), ("system", "database_direct_url"),
}  # fmt: skip
"""Secrets: a value in a YAML file is an error, because files are shared and backed up."""
BLOCKS = ("sources", "tracks")
"""Sections of tracks.yaml: HORSES_TRACKS__<KEY OF THE BLOCK>__<KEY>."""
FILE, COMMAND = "_FILE", "_COMMAND"
_MAPPINGS = ("headers", "auth", "options", "pools", "cadence", "rate_limit", "validation")


class Override(NamedTuple):
    """A value that replaces the file's, and the variable or flag that gave it."""

    where: Location
    value: object
    origin: str


class Layer(NamedTuple):
    """Variables of one place, and how a message names one of them."""

    values: Mapping[str, str]
    origin: Callable[[str], str]

    def with_values(self, values: Mapping[str, str], origins: Mapping[str, str]) -> "Layer":
        return Layer({**self.values, **values}, lambda name: origins.get(name) or self.origin(name))


def layers(env_file: EnvFile, environ: Mapping[str, str]) -> tuple[Layer, Layer]:
    """The lowest first."""
    return Layer(env_file.values, env_file.where), Layer(environ, str)


def leaves(model: type[BaseModel], at: Location = ()) -> Iterator[Location]:
    """Where the keys of a block stand that hold a value and no further block."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from leaves(inner, (*at, name))
        else:
            yield (*at, name)


@cache
def variables() -> Mapping[str, Location]:
    """Every variable that sets a key of config.yaml, and where; the seed's names first."""
    generic = {
        f"{PREFIX}{'__'.join(map(str, where))}".upper(): where for where in leaves(Settings) if where[0] in SECTIONS
    }
    return {**ALIASES, **generic}


def secret_variables() -> list[str]:
    """Those that a file or a command may give: NAME_FILE, NAME_COMMAND."""
    return [name for name, where in variables().items() if where in ENVIRONMENT_ONLY]


def overrides(layer: Layer) -> Iterator[Override]:
    """What its variables set in config.yaml; an empty one sets nothing."""
    for name, where in variables().items():
        if layer.values.get(name):
            yield Override(where, layer.values[name], layer.origin(name))


def block_overrides(layer: Layer, file: YamlFile, found: list[str]) -> Iterator[Override]:
    """What its variables set in tracks.yaml: HORSES_SOURCES__TAB_NZ__FLOOR, HORSES_TRACKS__AWAPUNI__CADENCE__FAR_INTERVAL."""
    for section in BLOCKS:
        begin = f"{PREFIX}{section}__".upper()
        blocks = file.data.get(section)
        names = {f"{begin}{name}__".upper(): str(name) for name in blocks} if isinstance(blocks, dict) else {}
        for variable in sorted(name for name in layer.values if name.startswith(begin) and layer.values[name]):
            start = max((start for start in names if variable.startswith(start)), key=len, default=None)
            if start is None:
                found.append(_no_block(variable, layer, section, list(names.values())))
            else:
                path = variable.removeprefix(start).lower().split("__")
                value = _value(path, layer.values[variable], layer.origin(variable), found)
                yield Override((section, names[start], *path), value, layer.origin(variable))


def _no_block(variable: str, layer: Layer, section: str, names: list[str]) -> str:
    given = variable.removeprefix(f"{PREFIX}{section}__".upper()).lower().partition("__")[0]
    return f"{layer.origin(variable)}: sets nothing: {section} has no block {given}{nearest(given, names)}"


def _value(path: list[str], text: str, origin: str, found: list[str]) -> object:
    """Text as it is; a whole mapping, such as headers, in YAML's short form: {From: me@example.com}."""
    if path[-1] not in _MAPPINGS or len(path) > 1:
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        found.append(f"{origin}: not a mapping in YAML's short form, such as {{name: value}}")
        return None


def misnamed(env_file: EnvFile, environ: Mapping[str, str]) -> Iterator[str]:
    """Variables that look like ours and set nothing. In .env, which is ours, also the misspelt short names."""
    known = [*variables(), *(name + form for name in secret_variables() for form in (FILE, COMMAND))]
    for name in env_file.values:
        if name in EARLY:
            yield f"{env_file.where(name)}: is needed before this file is read; set it in the environment"
        else:
            yield from _unknown_variable(name, env_file.where(name), known)
    for name in sorted(environ):
        if name.startswith(PREFIX) and environ[name]:
            yield from _unknown_variable(name, name, [*known, *EARLY])


def _unknown_variable(name: str, origin: str, known: list[str]) -> Iterator[str]:
    if name in known or name.startswith(tuple(f"{PREFIX}{section}__".upper() for section in BLOCKS)):
        return
    likely = get_close_matches(name, known, n=1, cutoff=0.85)
    if likely or (name.startswith(PREFIX) and "__" in name):
        yield f"{origin}: sets nothing{nearest(name, likely) if likely else _nearest_key(name)}"


def _nearest_key(name: str) -> str:
    section, *path = name.removeprefix(PREFIX).lower().split("__")
    if section not in SECTIONS:
        return nearest(section, [*SECTIONS, *BLOCKS])
    return nearest(path[-1], known_keys(Settings, (section, *path[:-1])))
