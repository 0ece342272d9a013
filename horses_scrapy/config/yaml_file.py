"""A YAML file with the line of every key, so that a fault can be named by file and line."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from horses_scrapy.errors import ConfigError

MAX_BYTES = 1_000_000
MAX_DEPTH = 20

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
    text = _text(path)
    try:
        _refuse_indirection(text, path)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:  # its own text quotes the line, which may hold a secret
        raise ConfigError(f"{path}{_line(error.problem_mark)}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict | None):
        raise ConfigError(f"{path}: a mapping of keys to values is expected at the top")
    lines: dict[Location, int] = {}
    twice = list(_collect_lines(node, (), lines))
    if twice:
        raise ConfigError("\n".join(f"{path}:{fault}" for fault in twice))
    return YamlFile(path, data or {}, lines)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            found = file.read(MAX_BYTES + 1)
        if len(found) > MAX_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes")
        return found.decode()
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file; name config.yaml with --config or HORSES_CONFIG") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read: byte {error.start} is not UTF-8") from None


def _refuse_indirection(text: str, path: Path) -> None:
    """Anchors multiply (a kilobyte can stand for gigabytes) and tags construct: a configuration needs neither."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        where = f"{path}{_line(event.start_mark)}"
        if getattr(event, "anchor", None) is not None or getattr(event, "tag", None) is not None:
            raise ConfigError(f"{where}: anchors (&), aliases (*) and tags (!) are not used here; write the value")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ConfigError(f"{where}: more than {MAX_DEPTH} levels deep")


def _line(mark: Any) -> str:
    return "" if mark is None else f":{mark.line + 1}"


def _collect_lines(node: yaml.Node | None, at: Location, lines: dict[Location, int]) -> Iterator[str]:
    """Fill `lines`; yields each key that is given twice."""
    for key, child, line in _children(node):
        here = (*at, key)
        if here in lines:
            yield f"{line}: {'.'.join(map(str, here))} is given twice (first on line {lines[here]})"
        else:
            lines[here] = line
            yield from _collect_lines(child, here, lines)


def _children(node: yaml.Node | None) -> Iterator[tuple[str | int, yaml.Node, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), value, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value, value.start_mark.line + 1


def faults(
    error: ValidationError,
    model: type[BaseModel],
    file: YamlFile,
    under: Location = (),
    origins: Mapping[Location, str] | None = None,
) -> list[str]:
    """One line per fault: where, which key, what is wrong, and the nearest known name of an unknown key.

    `origins` names what stands in for the file at a location: the variable or flag that gave its value.
    """
    return [_fault(item, model, file, under, origins or {}) for item in error.errors(include_url=False)]


def _fault(
    item: ErrorDetails, model: type[BaseModel], file: YamlFile, under: Location, origins: Mapping[Location, str]
) -> str:
    location: Location = (*under, *item["loc"])
    where = f"{origins.get(location[:2]) or file.where(location)}: {'.'.join(map(str, location))}"
    if item["type"] == "extra_forbidden":
        return f"{where}: unknown key{nearest(str(item['loc'][-1]), known_keys(model, item['loc'][:-1]))}"
    return f"{where}: {item['msg'].removeprefix('Value error, ')}{_given(item, model)}"


def _given(item: ErrorDetails, model: type[BaseModel]) -> str:
    """The value that was given, unless it is, or may hold, a secret."""
    given = item["input"]
    secret = _is_secret(model, item["loc"]) or (isinstance(given, str) and "@" in given and "//" in given)
    if item["type"] in {"missing", "model_type", "dict_type"} or secret or not isinstance(given, str | int | float):
        return ""
    quotes = "; put quotes around it" if item["type"] == "string_type" else ""
    return f" (given: {given!r}){quotes}"


def _is_secret(model: type[BaseModel], location: Sequence[str | int]) -> bool:
    found: Any = None
    for part in location:
        field = model.model_fields.get(str(part))
        if field is None:
            break
        found = field.annotation
        model = found if isinstance(found, type) and issubclass(found, BaseModel) else model
    return "SecretStr" in repr(found)


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
