"""A saved day of a track: tests/fixtures/<track>/<case>/{inputs/, meta.json, output.json}.

meta.json: `frozen_time` (ISO 8601), `arguments` of the spider, and `pages`: the words of a request (offline.pages) to the
file in inputs/ that answers it, null where that download fails; `data_path`, a file in inputs/, stands in for the one that
its source reads besides the site. output.json is what the spider gives, for a person to read.
"""

import json
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError
from horses_scrapy.offline import Pages, Read, pages, read_all, spider_of
from horses_scrapy.track_spider import TrackSpider

FOLDER = Path("tests/fixtures")


@dataclass(frozen=True, slots=True)
class Case:
    """One saved day in its folder."""

    folder: Path

    @property
    def track(self) -> str:
        return self.folder.parent.name

    @property
    def output(self) -> Path:
        return self.folder / "output.json"

    def meta(self) -> dict[str, Any]:
        """Raises ConfigError where there is no such case."""
        try:
            meta: dict[str, Any] = json.loads((self.folder / "meta.json").read_text("utf-8"))
        except FileNotFoundError as error:
            raise ConfigError(f"{self.folder}: no saved day (meta.json is missing)") from error
        return meta

    def bodies(self) -> dict[str, bytes | None]:
        inputs = self.folder / "inputs"
        return {words: (inputs / name).read_bytes() if name else None for words, name in self.meta()["pages"].items()}

    def spider(self, settings: Settings, **more: str) -> TrackSpider:
        """With the arguments of the case, and `more`."""
        meta = self.meta()
        settings = self._with_data(settings, meta.get("data_path"))
        return spider_of(settings, spider_class(self.track), meta["frozen_time"], **meta["arguments"], **more)

    def _with_data(self, settings: Settings, name: str | None) -> Settings:
        if name is None:
            return settings
        source = settings.tracks[self.track].source
        changed = {"data_path": (self.folder / "inputs" / name).resolve()}
        sources = {**settings.sources, source: settings.sources[source].model_copy(update=changed)}
        return settings.model_copy(update={"sources": sources})

    def read(self, settings: Settings, page: Pages | None = None) -> Read:
        """What the spider gives for the saved answers, or for others in their place."""
        return read_all(self.spider(settings), page or pages(self.bodies()))

    def write_output(self, settings: Settings) -> str:
        """Write what the spider gives now, for review; the text."""
        text = json.dumps(plain(self.read(settings)), indent=1, ensure_ascii=False) + "\n"
        self.output.write_text(text, "utf-8")
        return text


def cases(root: Path) -> list[Case]:
    return [Case(path.parent) for path in sorted((root / FOLDER).glob("*/*/meta.json"))]


def plain(found: Read) -> Any:
    """As JSON would bring it back; sets sorted, times in ISO 8601."""
    return json.loads(json.dumps(found.plain(), default=_plain))


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value.isoformat()


def spider_class(key: str) -> type[TrackSpider]:
    """The spider of a track, by its file."""
    name = f"horses_scrapy.spiders.{key}"
    if find_spec(name) is None:
        raise ConfigError(f"horses_scrapy/spiders/{key}.py: the spider of the track is missing")
    module = import_module(name)
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, TrackSpider) and getattr(value, "name", "") == f"track_{key}":
            return value
    raise ConfigError(f"{module.__file__}: no spider is named track_{key}")
