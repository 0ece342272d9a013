"""`scrapy newtrack SOURCE NAME`: a track's spider, its block in tracks.yaml and a saved day, all at once or not at all."""

import argparse
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from horses_scrapy.commands.rerun import ROOT
from horses_scrapy.commands.speech import speak
from horses_scrapy.config import Settings, Track
from horses_scrapy.config.tracks import parse_tracks
from horses_scrapy.config.yaml_file import read
from horses_scrapy.errors import ConfigError
from horses_scrapy.fixtures import FOLDER, Case, spider_class
from horses_scrapy.items import OddsItem

TEMPLATE_CASE = "one_race"
SHARED = ("country", "timezone", "currency")
"""What a new track takes from its source's other tracks, if they agree."""


@dataclass(frozen=True, slots=True)
class NewTrack:
    """What is written. `template` is a track of the same source that has a saved day to start from."""

    settings: Settings
    template: Track
    block: dict[str, Any]
    key: str

    @property
    def spider_file(self) -> Path:
        return ROOT / "horses_scrapy/spiders" / f"{self.key}.py"

    @property
    def case(self) -> Case:
        return Case(ROOT / FOLDER / self.key / TEMPLATE_CASE)

    @property
    def tracks_file(self) -> Path:
        return self.settings.config_file.with_name("tracks.yaml")


class Command(ScrapyCommand):
    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "[options] SOURCE NAME"

    def short_desc(self) -> str:
        return "Write the spider, the block in tracks.yaml and the saved day of a new track"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--key", help="of file, spider and block (default: from NAME)")
        parser.add_argument("--source-key", help="the source's own name of the track (default: NAME)")
        parser.add_argument("--code", help="2 to 5 capitals (default: the first three letters)")
        parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="of the source; repeat")
        for field in SHARED:
            parser.add_argument(f"--{field}", help="default: that of the source's other tracks, if they agree")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 2:
            raise UsageError('a source and a name are expected: scrapy newtrack tab_nz "Te Rapa"')
        assert self.settings is not None
        settings: Settings = self.settings["HORSES"]
        self.exitcode = speak(lambda: write(planned(settings, args[0], args[1], opts)))


def planned(settings: Settings, source: str, name: str, opts: argparse.Namespace) -> NewTrack:
    """What would be written. Raises ConfigError where something is missing or taken."""
    if source not in settings.sources:
        raise ConfigError(f"no source {source}; there are {', '.join(settings.sources)}")
    others = [track for track in settings.tracks.values() if track.source == source]
    template = _template(source, others)
    key = opts.key or _key(name)
    block = {
        "code": opts.code or _code(name),
        "name": name,
        **{field: getattr(opts, field) or _agreed(field, others) for field in SHARED},
        "source": source,
        "source_key": opts.source_key or name,
        "enabled": False,
    }
    if _is_own(settings, template, "base_url"):
        block["base_url"] = template.base_url
    options = _options(opts.option, others, spider_class(template.key).required_options)
    if options != settings.sources[source].options:
        block["options"] = options
    if not settings.sources[source].pools:
        block["pools"] = _pools(template)
    new = NewTrack(settings, template, block, key)
    for path in (new.spider_file, new.case.folder.parent):
        if path.exists():
            raise ConfigError(f"{path} is there already: choose another --key")
    if key in settings.tracks:
        raise ConfigError(f"tracks.yaml: tracks.{key} is there already: choose another --key")
    return new


def _template(source: str, tracks: Sequence[Track]) -> Track:
    for track in tracks:
        if (ROOT / FOLDER / track.key / TEMPLATE_CASE).is_dir():
            return track
    raise ConfigError(f"{source}: none of its tracks has a saved day {FOLDER}/<track>/{TEMPLATE_CASE} to start from")


def _is_own(settings: Settings, track: Track, field: str) -> bool:
    """Whether the block of the track sets the field itself, and does not have it from its source."""
    value = getattr(track, field)
    return bool(value) and value != getattr(settings.sources[track.source], field)


def _agreed(field: str, tracks: Sequence[Track]) -> str:
    values = sorted({getattr(track, field) for track in tracks})
    if len(values) != 1:
        raise ConfigError(f"--{field} is needed: the source's tracks have {', '.join(values)}")
    return str(values[0])


def _options(given: Sequence[str], tracks: Sequence[Track], required: frozenset[str]) -> dict[str, str]:
    """Those given, and of the others those that all tracks of the source share. Raises ConfigError where one is missing."""
    if not all("=" in option for option in given):
        raise ConfigError("--option: NAME=VALUE is expected")
    common = [dict(track.options) for track in tracks]
    shared = {name: value for name, value in common[0].items() if all(one.get(name) == value for one in common)}
    options = {**shared, **dict(option.split("=", 1) for option in given)}
    missing = sorted(required - options.keys())
    if missing:
        values = "; ".join(f"{name}: {', '.join(sorted({one[name] for one in common}))}" for name in missing)
        raise ConfigError(f"--option is needed: the source's tracks differ in {values}")
    return options


def _pools(template: Track) -> dict[str, Any]:
    """Terms to start from, where the source has none for all its tracks; their origin says so."""
    found = template.model_dump(mode="json", include={"pools"})["pools"]
    for terms in (one for listed in found.values() for one in listed):
        terms["origin"] = f"unverified: taken over from {template.key}"
    return dict(found)


def _ascii(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", _ascii(name).lower()).strip("_")


def _code(name: str) -> str:
    return re.sub(r"[^A-Z]", "", _ascii(name).upper())[:3]


def write(new: NewTrack) -> str:
    """Write all of it; what is written is taken back where the new track cannot be read."""
    before = new.tracks_file.read_text("utf-8")
    with _taken_back(new, before):
        new.tracks_file.write_text(before.rstrip("\n") + "\n" + _yaml(new), "utf-8")
        settings = _loaded(new)
        new.spider_file.write_text(spider_text(new), "utf-8")
        _copy_case(new)
        found = new.case.read(settings)
        if found.errors or not any(isinstance(item, OddsItem) for item in found.items):
            raise ConfigError(
                f"the saved day of {new.template.key} does not become one of {new.key}: {found.errors or 'no board'}"
            )
        new.case.write_output(settings)
    return _told(new)


@contextmanager
def _taken_back(new: NewTrack, tracks: str) -> Iterator[None]:
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            new.tracks_file.write_text(tracks, "utf-8")
            new.spider_file.unlink(missing_ok=True)
            for path in sorted(new.case.folder.parent.glob("**/*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            if new.case.folder.parent.is_dir():
                new.case.folder.parent.rmdir()


def _yaml(new: NewTrack) -> str:
    text: str = yaml.safe_dump({new.key: new.block}, sort_keys=False, allow_unicode=True)
    return "".join(f"  {line}\n" for line in text.splitlines())


def _loaded(new: NewTrack) -> Settings:
    """The settings with the new block. Raises ConfigError with its faults."""
    sources, tracks, faults = parse_tracks(read(new.tracks_file))
    if new.key not in tracks:
        raise ConfigError("\n".join(faults) or f"{new.tracks_file}: `tracks` must be its last section")
    return new.settings.model_copy(update={"sources": sources, "tracks": tracks})


def spider_text(new: NewTrack) -> str:
    base = spider_class(new.template.key).__bases__[0]
    camel = "".join(part.capitalize() for part in new.key.split("_"))
    return (
        f'"""{new.block["name"]}, {new.block["country"]}."""\n\n'
        f"from {base.__module__} import {base.__name__}\n\n\n"
        f'class {camel}Spider({base.__name__}):\n    name = "track_{new.key}"\n'
    )


def _copy_case(new: NewTrack) -> None:
    """The template's saved day with the new track's name of the source in place of the old one."""
    old = Case(ROOT / FOLDER / new.template.key / TEMPLATE_CASE)
    places = old.meta().get("source_key_in", ["{}"])
    (new.case.folder / "inputs").mkdir(parents=True)
    for path in (old.folder / "meta.json", *(old.folder / "inputs").iterdir()):
        text = path.read_text("utf-8")
        for place in places:
            text = text.replace(place.format(new.template.source_key), place.format(new.block["source_key"]))
        (new.case.folder / path.relative_to(old.folder)).write_text(text, "utf-8")


def _told(new: NewTrack) -> str:
    case = new.case.folder.relative_to(ROOT)
    return (
        f"{new.spider_file.relative_to(ROOT)}\n"
        f"{new.tracks_file}: tracks.{new.key} (enabled: false; look at takeout, breakage and minimum of its `pools`)\n"
        f"{case}/ (from {new.template.key}; tests/sources/test_fixtures.py runs it)\n"
        f"next: ./scripts/test tests/sources/test_fixtures.py -k {new.key}; scrapy crawl track_{new.key} -a race=1"
    )
