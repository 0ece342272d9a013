"""A YAML file with the line of every key, so that a fault can be named by file and line."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from horses_scrapy.config import yaml_text
from horses_scrapy.config.yaml_text import Location
from horses_scrapy.errors import ConfigError

MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class YamlFile:
    """What a file says, and what stands in for it: `origins` names the variable or flag that gave the value at a location."""

    path: Path
    data: dict[str, Any] = field(repr=False)
    node: yaml.Node | None = field(default=None, repr=False)
    origins: Mapping[Location, str] = field(default_factory=dict)

    @cached_property
    def lines(self) -> dict[Location, int]:
        """The path of each key (("smtp", "port")) -> its line, counted from 1. Only messages need it."""
        return dict(yaml_text.lines(self.node))

    def where(self, location: Sequence[str | int]) -> str:
        """`config/config.yaml:12`, a variable's name, or the nearest line above where the key itself is absent."""
        for end in range(len(location), -1, -1):
            at = tuple(location[:end])
            if at in self.origins:
                return self.origins[at]
            if at in self.lines:
                return f"{self.path}:{self.lines[at]}"
        return str(self.path)

    def with_value(self, location: Location, value: object, origin: str) -> "YamlFile":
        data = _placed(self.data, location, value)
        return YamlFile(self.path, data, self.node, {**self.origins, location: origin})


def _placed(data: dict[Any, Any], location: Location, value: object) -> dict[Any, Any]:
    """A copy with the value in it; the same where something other than a mapping is in its way, which is a fault itself."""
    key, *rest = location
    if not rest:
        return {**data, key: value}
    inner = data.get(key)
    inner = {} if inner is None else inner
    return {**data, key: _placed(inner, tuple(rest), value)} if isinstance(inner, dict) else data


def _whole(text: str) -> str:
    return text


def read(path: Path, cut: Callable[[str], str] = _whole) -> YamlFile:
    """Parse one mapping, safely; `cut` may blank lines of the text. Raises ConfigError on a missing, oversized,
    malformed or repeated-key file.
    """
    return of_text(path, cut(text_of(path)))


def of_text(path: Path, text: str) -> YamlFile:
    """As read(), for what stands in the file. Raises ConfigError."""
    data, node = yaml_text.parse(text, path)
    if not isinstance(data, dict | None):
        raise ConfigError(f"{path}: a mapping of keys to values is expected at the top")
    twice = list(yaml_text.repeated(node))
    if twice:
        raise ConfigError("\n".join(f"{path}:{fault}" for fault in twice))
    return YamlFile(path, data or {}, node)


def text_of(path: Path) -> str:
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


def faults(error: ValidationError, model: type[BaseModel], file: YamlFile, under: Location = ()) -> list[str]:
    """One line per fault: where, which key, what is wrong, and the nearest known name of an unknown key."""
    return [_fault(item, model, file, under) for item in error.errors(include_url=False)]


def _fault(item: ErrorDetails, model: type[BaseModel], file: YamlFile, under: Location) -> str:
    location: Location = (*under, *item["loc"])
    where = f"{file.where(location)}: {'.'.join(map(str, location))}"
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
        inner = getattr(model, "INNER", {}).get(part, field.annotation if field is not None else None)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return list(model.model_fields)
