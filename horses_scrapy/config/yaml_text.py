"""YAML text -> one plain value and its nodes, which know their lines. By libyaml where PyYAML has it: 15 times faster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from horses_scrapy.errors import ConfigError

MAX_DEPTH = 20
FAST: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Location = tuple[str | int, ...]


def parse(text: str, path: Path) -> tuple[Any, yaml.Node | None]:
    """Raises ConfigError with the line; the text itself is not quoted, as it may hold a secret."""
    try:
        return _parsed(text, path, FAST)
    except (yaml.YAMLError, ValueError):
        return _explained(text, path)


def _explained(text: str, path: Path) -> tuple[Any, yaml.Node | None]:
    """The same, slowly: PyYAML's own loader says better what is wrong, and the same on every machine."""
    try:
        return _parsed(text, path, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(f"{path}{_line(error.problem_mark)}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from None


def _parsed(text: str, path: Path, loader: type[yaml.SafeLoader]) -> tuple[Any, yaml.Node | None]:
    _refuse_indirection(text, path, loader)
    return _built(text, loader)


def _built(text: str, loader: type[yaml.SafeLoader]) -> tuple[Any, yaml.Node | None]:
    reader = loader(text)
    try:
        node = reader.get_single_node()
        return (None if node is None else reader.construct_document(node)), node
    finally:
        reader.dispose()


def _refuse_indirection(text: str, path: Path, loader: type[yaml.SafeLoader]) -> None:
    """Anchors multiply (a kilobyte can stand for gigabytes) and tags construct: a configuration needs neither."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if getattr(event, "anchor", None) is not None or getattr(event, "tag", None) is not None:
            where = f"{path}{_line(event.start_mark)}"
            raise ConfigError(f"{where}: anchors (&), aliases (*) and tags (!) are not used here; write the value")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ConfigError(f"{path}{_line(event.start_mark)}: more than {MAX_DEPTH} levels deep")


def _line(mark: Any) -> str:
    return "" if mark is None else f":{mark.line + 1}"


def repeated(node: yaml.Node | None, at: Location = ()) -> Iterator[str]:
    """A line for each key that is given twice."""
    first: dict[str | int, int] = {}
    for key, child, line in children(node):
        here = (*at, key)
        if key in first:
            yield f"{line}: {'.'.join(map(str, here))} is given twice (first on line {first[key]})"
        else:
            first[key] = line
            if not isinstance(child, yaml.ScalarNode):
                yield from repeated(child, here)


def lines(node: yaml.Node | None, at: Location = ()) -> Iterator[tuple[Location, int]]:
    for key, child, line in children(node):
        yield (*at, key), line
        yield from lines(child, (*at, key))


def children(node: yaml.Node | None) -> Iterator[tuple[str | int, yaml.Node, int]]:
    """Each key or index, what stands there, and its line counted from 1."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), value, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value, value.start_mark.line + 1
