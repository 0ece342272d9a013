"""Every value that is in force and, if asked, where it came from. Secrets are never among them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr

from horses_scrapy.config.cadence import INTERVALS, Scraping
from horses_scrapy.config.floors import floor_of
from horses_scrapy.config.load import Told
from horses_scrapy.config.model import SECTIONS, Settings
from horses_scrapy.config.variables import BLOCKS
from horses_scrapy.config.yaml_file import YamlFile, nearest
from horses_scrapy.config.yaml_text import Location
from horses_scrapy.errors import ConfigError

DEFAULT = "default"
ORIGIN_COLUMN = 60


class Shown(NamedTuple):
    where: Location
    text: str
    origin: str


def lines(told: Told, *, origin: bool, section: str | None) -> list[str]:
    """`section`: the beginning of a key, such as smtp, tracks.demo. Raises ConfigError where nothing begins so."""
    at = tuple(section.split(".")) if section else ()
    shown = [one for one in _all(told) if one.where[: len(at)] == at]
    if not shown:
        raise ConfigError(f"no key begins with {section}{nearest(str(section), [*SECTIONS, *BLOCKS])}")
    return [_line(one, told.settings.home, origin=origin) for one in shown]


def _line(one: Shown, home: Path, *, origin: bool) -> str:
    text = f"{'.'.join(map(str, one.where))} = {one.text}"
    return f"{text:<{ORIGIN_COLUMN}}  {one.origin.replace(f'{home}/', '')}" if origin else text


def _all(told: Told) -> Iterator[Shown]:
    settings = told.settings
    for name in SECTIONS:
        yield from _block(getattr(settings, name), (name,), told.config)
    for key, source in settings.sources.items():
        yield from _block(source, ("sources", key), told.tracks)
    for key in settings.tracks:
        yield from _track(told, key)


_INHERITED = ("base_url", "pools", "options")
"""A track's own, or its source's."""


def _track(told: Told, key: str) -> Iterator[Shown]:
    at = ("tracks", key)
    for one in _block(told.settings.tracks[key], at, told.tracks):
        if one.where[-1] in _INHERITED and one.origin == DEFAULT:
            of_source = ("sources", told.settings.tracks[key].source, one.where[-1])
            yield one._replace(origin=_origin(told.tracks, of_source))
        elif one.where[2:] not in {("key",), ("cadence",)}:
            yield one
    yield from _cadence(told, told.settings, key)


def _block(block: BaseModel, at: Location, file: YamlFile) -> Iterator[Shown]:
    for name in type(block).model_fields:
        value, where = getattr(block, name), (*at, name)
        if isinstance(value, BaseModel):
            yield from _block(value, where, file)
        else:
            yield Shown(where, text_of(value), _origin(file, where))


def _cadence(told: Told, settings: Settings, key: str) -> Iterator[Shown]:
    """The track's own intervals, as the floor of its source lets them be."""
    track = settings.tracks[key]
    asked, given = settings.scraping.with_changes(track.cadence), settings.cadence(key)
    floor, whose = floor_of(settings, key)
    for name in Scraping.model_fields:
        value, where = getattr(asked, name), ("tracks", key, "cadence", name)
        raised = name in INTERVALS and getattr(given, name) != value
        text = f"{value} -> {floor} (floor of {whose})" if raised else text_of(value)
        own = name in track.cadence
        yield Shown(where, text, _origin(told.tracks, where) if own else _origin(told.config, ("scraping", name)))


def _origin(file: YamlFile, where: Location) -> str:
    """The line or variable of the key itself, or of a whole mapping that holds it."""
    named = file.where(where)
    known = any(where[:end] in file.origins for end in range(1, len(where) + 1)) or where in file.lines
    return named.split(": ")[0] if known else DEFAULT


def text_of(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "***" if value.get_secret_value() else '""'
    if isinstance(value, str):
        return value if value.strip() else '""'
    return str(value) if isinstance(value, Path) else json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Blocks and dates inside of lists and mappings, as JSON has them."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple | list) else value
