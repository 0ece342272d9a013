"""A YAML file with the line of every key, so that a fault can be named by file and line."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from horses_scrapy.errors import ConfigError

MAX_BYTES = 1_000_000

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class YamlFile:
    """What a file says. `lines` maps the path of each key (("smtp", "port")) to its line, counted from 1."""

    path: Path
    data: dict[str, Any]
    lines: dict[Location, int]

    def where(self, location: Sequence[str | int]) -> str:
        """`config/config.yaml:12`, or the nearest line above where the key itself is absent."""
        for end in range(len(location), -1, -1):
            line = self.lines.get(tuple(location[:end]))
            if line is not None:
                return f"{self.path}:{line}"
        return str(self.path)


def read(path: Path) -> YamlFile:
    """Parse one mapping, safely. Raises ConfigError on a missing, oversized, malformed or repeated-key file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if len(text) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: a mapping is expected at the top")
    lines: dict[Location, int] = {}
    _collect_lines(node, (), lines, path)
    return YamlFile(path, data, lines)


def _collect_lines(node: yaml.Node | None, at: Location, lines: dict[Location, int], path: Path) -> None:
    for key, child, line in _children(node):
        here = (*at, key)
        if here in lines:
            raise ConfigError(f"{path}:{line}: {'.'.join(map(str, here))} is given twice (first on line {lines[here]})")
        lines[here] = line
        _collect_lines(child, here, lines, path)


def _children(node: yaml.Node | None) -> Iterator[tuple[str | int, yaml.Node, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), value, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value, value.start_mark.line + 1


def faults(error: ValidationError, model: type[BaseModel], file: YamlFile, under: Location = ()) -> list[str]:
    """One line per fault: where, which key, what is wrong, and the nearest known name of an unknown key."""
    return [_fault(item, model, file, under) for item in error.errors(include_url=False)]


def _fault(item: Any, model: type[BaseModel], file: YamlFile, under: Location) -> str:
    location: Location = (*under, *item["loc"])
    name = ".".join(map(str, location))
    if item["type"] == "extra_forbidden":
        return f"{file.where(location)}: {name}: unknown key{nearest(str(item['loc'][-1]), known_keys(model, item['loc'][:-1]))}"
    given = "" if item["type"] == "missing" else f" (given: {item['input']!r})"
    return f"{file.where(location)}: {name}: {item['msg']}{given}"


def nearest(name: str, known: Sequence[str]) -> str:
    match = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {match[0]}?" if match else f"; known: {', '.join(sorted(known))}"


def known_keys(model: type[BaseModel], location: Sequence[Hashable]) -> list[str]:
    """Names of the fields of the model that stands at `location` within `model`."""
    for part in location:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field is not None else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return list(model.model_fields)
