"""What a job needs of tracks.yaml: one track's block and its source's. The others cost a job more than its crawl does."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from horses_scrapy.config.yaml_file import YamlFile, read
from horses_scrapy.errors import ConfigError


def read_track(path: Path, key: str) -> YamlFile:
    """The file without other blocks, its lines numbered as ever; the whole of it where that cannot be told."""
    try:
        source = read(path, partial(only, wanted={"tracks": key})).data["tracks"][key]["source"]
        found = read(path, partial(only, wanted={"tracks": key, "sources": str(source)}))
        if found.data["sources"][str(source)] is not None:
            return found
    except (ConfigError, KeyError, TypeError):  # another layout, no such block, or a fault: the whole file says which
        pass
    return read(path)


def only(text: str, wanted: Mapping[str, str]) -> str:
    """The text with every line blanked that belongs to a block (two spaces) other than the wanted one of its section."""
    return "\n".join(_lines(text.split("\n"), wanted))


def _lines(lines: list[str], wanted: Mapping[str, str]) -> Iterator[str]:
    section = name = ""
    for line in lines:
        if line[:1] not in ("", " ", "#", "\r"):
            section, name = line.partition(":")[0], ""
            yield line
        else:
            if line.startswith("  ") and line[2:3] not in ("", " ", "#"):
                name = line[2:].partition(":")[0]
            yield line if name and name == wanted.get(section) else ""
