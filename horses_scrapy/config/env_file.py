"""The .env file: read, never executed; a line that cannot be understood is a fault, not a warning."""

import stat
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from horses_scrapy.errors import ConfigError


class LooseEnvFile(UserWarning):
    """.env can be read by other users of this machine."""


@dataclass(frozen=True, slots=True)
class EnvFile:
    """Its variables that are not empty, the line of each, and a line for each fault. No fault repeats a value."""

    path: Path
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def where(self, name: str) -> str:
        return f"{self.path}:{self.lines[name]}: {name}"


def read_env(path: Path) -> EnvFile:
    """The file, or an empty one where there is none. Warns (LooseEnvFile) when others can read it."""
    found = EnvFile(path)
    if not path.is_file():
        return found
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        warnings.warn(f"{path} can be read by others: chmod 600 {path}", LooseEnvFile, stacklevel=3)
    for line, binding in _bindings(path):
        _add(found, line, binding)
    return found


def _bindings(path: Path) -> Iterator[tuple[int, Binding]]:
    """Each statement with the line that it begins on: python-dotenv counts from the blank lines before it."""
    try:
        with path.open(encoding="utf-8") as stream:
            for binding in parse_stream(stream):
                text = binding.original.string
                blank = len(text) - len(text.lstrip())
                yield binding.original.line + text.count("\n", 0, blank), binding
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read: byte {error.start} is not UTF-8") from None


def _add(found: EnvFile, line: int, binding: Binding) -> None:
    if binding.error or (binding.key is not None and binding.value is None):
        found.faults.append(f"{found.path}:{line}: not NAME=value; put quotes around a value with spaces or signs")
    elif binding.key is not None and binding.key in found.lines:
        first = found.lines[binding.key]
        found.faults.append(f"{found.path}:{line}: {binding.key} is given twice (first on line {first})")
    elif binding.key is not None:
        found.lines[binding.key] = line
        if binding.value:
            found.values[binding.key] = binding.value
