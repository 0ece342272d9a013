"""config/tracks.yaml: who is read, and where. A broken block disables its track (or its source's tracks) only."""

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator, model_validator

from horses_scrapy.config.block import Block, Line, Zone
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.config.yaml_file import YamlFile, faults, nearest
from horses_scrapy.items import BetType
from horses_scrapy.money import minor_units


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("an http or https URL is expected")
    if parts.username is not None or parts.password is not None:
        raise ValueError("credentials do not belong in a URL")
    return url.rstrip("/")


def _currency(code: str) -> str:
    minor_units(code)
    return code


PUBLIC_FLOOR = 30
"""Seconds: a tote refreshes every 45 to 60 s, faster polling of a public host only gets you banned."""

BaseUrl = Annotated[str, AfterValidator(_base_url)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Decimal = Annotated[float, Field(ge=1, le=1_000_000)]


class Validation(Block):
    """Bounds that the `validate` pipeline holds this source's items to. Prices are decimal odds."""

    min_price: Decimal = 1.01
    max_price: Decimal = 1000
    max_post_age_days: Annotated[int, Field(ge=0, le=36_500)] = 30

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_price > self.max_price:
            raise ValueError("min_price is above max_price")
        return self


class RateLimit(Block):
    """How often a host is asked, by all processes together: a token bucket."""

    requests_per_second: Annotated[float, Field(gt=0, le=1000)] = 0.5
    burst: Annotated[int, Field(ge=1, le=1000)] = 1


class PoolTerms(Block):
    """What a pool keeps: `takeout` of it, then `breakage` per 1 staked; `minimum` is the least that 1 returns.

    In force from `since` on; `origin` says where the figures come from, or that they still are to be verified.
    """

    since: date
    takeout: Annotated[float, Field(ge=0, lt=0.6)]
    breakage: Annotated[float, Field(gt=0, le=1)]
    minimum: Annotated[float, Field(ge=1, le=2)]
    origin: Annotated[Line, Field(min_length=1)]


def _every(value: object) -> object:
    """`full`, `off` (in quotes: YAML) or `every N`, as the N of every Nth: 1, 0, N."""
    if value in ("full", "off"):
        return int(value == "full")
    match = re.fullmatch(r"every ([2-9]|[1-9][0-9])", value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        raise ValueError("full, off or every N (2 to 99) is expected")
    return int(match[1])


Pools = dict[BetType, tuple[PoolTerms, ...]]


def is_variable(told: str) -> bool:
    """Whether a value of `auth` names an environment variable; else it is a path."""
    return re.fullmatch(r"[A-Z][A-Z0-9_]*", told, re.ASCII) is not None


class SourceConfig(Block):
    """A site family.

    floor: seconds; no poll of a track follows another sooner, whatever its cadence says. A public host's is at least
    PUBLIC_FLOOR. Budgets: requests to its host, by all jobs together. cost_per_request: in any currency, for `plan`.
    `base_url`, `pools` and `options` hold for tracks that name none of their own; `headers` are those that its terms ask
    for. `auth` maps a name that the source knows to an environment variable (capitals) or to the path of a certificate;
    `data_path` is a file or folder that the source reads besides the site. Paths are relative to home.
    """

    enabled: bool = True
    access: Literal["public", "own", "licensed"] = "public"
    floor: Annotated[int, Field(ge=1, le=86_400)] = PUBLIC_FLOOR
    budget_per_minute: Annotated[int, Field(ge=1)] | None = None
    budget_per_day: Annotated[int, Field(ge=1)] | None = None
    cost_per_request: Annotated[float, Field(gt=0, le=1000)] | None = None
    base_url: BaseUrl | None = None
    headers: dict[HeaderName, Line] = Field(default_factory=dict)
    auth: dict[Name, Line] = Field(default_factory=dict)
    rate_limit: RateLimit | None = None
    data_path: Path | None = None
    options: dict[Name, Line] = Field(default_factory=dict)
    pools: Pools = Field(default_factory=dict)
    validation: Validation = Validation()

    @property
    def shortest_interval(self) -> int:
        """Seconds between two polls of a track at least."""
        return max(self.floor, PUBLIC_FLOOR) if self.access == "public" else self.floor

    def variables(self) -> list[str]:
        """The environment variables that `auth` names."""
        return [told for told in self.auth.values() if is_variable(told)]


class Track(Block):
    """One track. `source_key` is the source's own name of it; `page` a link for people.

    cadence: keys of `scraping` that are other for this track.
    pair_prices: of how many boards the pair prices are kept: every one (1), every nth, none (0).
    A card with fewer runners than `min_runners` or more than `max_runners` is looked at twice (the flag runner_count).
    """

    INNER: ClassVar[dict[str, type[Block]]] = {"cadence": Scraping}
    """Whose keys a mapping has that stays as it was told."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,5}$")]
    name: Annotated[Line, Field(min_length=1, max_length=60)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    timezone: Zone
    source: str
    source_key: str
    base_url: BaseUrl
    currency: Annotated[str, AfterValidator(_currency)]
    page: BaseUrl | None = None
    options: dict[Name, Line] = Field(default_factory=dict)
    pools: Pools = Field(default_factory=dict)
    pair_prices: Annotated[int, BeforeValidator(_every)] = 1
    cadence: dict[str, Any] = Field(default_factory=dict)
    min_runners: Annotated[int, Field(ge=1, le=40)] = 2
    max_runners: Annotated[int, Field(ge=1, le=40)] = 24
    enabled: bool = True

    @field_validator("cadence")
    @classmethod
    def _cadence(cls, changes: dict[str, Any]) -> dict[str, Any]:
        Scraping().with_changes(changes)
        return changes

    def terms(self, bet_type: BetType, day: date) -> PoolTerms | None:
        """What the pool kept on a day, None where that is not known."""
        known = [terms for terms in self.pools.get(bet_type, ()) if terms.since <= day]
        return max(known, key=lambda terms: terms.since, default=None)


def parse_tracks(file: YamlFile) -> tuple[dict[str, SourceConfig], dict[str, Track], list[str]]:
    """Sources and tracks that are sound, and a line for each fault of the others."""
    known = ("sources", "tracks")
    bad = [
        f"{file.where((str(key),))}: {key}: unknown key{nearest(str(key), known)}"
        for key in file.data
        if key not in known
    ]
    sources: dict[str, SourceConfig] = {}
    for name, block in _blocks(file, "sources", bad):
        try:
            sources[name] = SourceConfig.model_validate(block)
        except ValidationError as error:
            bad += faults(error, SourceConfig, file, ("sources", name))
    tracks: dict[str, Track] = {}
    for key, block in _blocks(file, "tracks", bad):
        track = _track(key, block, sources, file, bad)
        if track is not None and not _taken(track, tracks, file, bad):
            tracks[key] = track
    return sources, tracks, bad


def _blocks(file: YamlFile, section: str, bad: list[str]) -> list[tuple[str, dict[str, object]]]:
    found = file.data.get(section)
    if found is None:
        return []
    if not isinstance(found, dict):
        bad.append(f"{file.where((section,))}: {section}: a mapping of blocks is expected")
        return []
    blocks = []
    for name, block in found.items():
        if isinstance(block, dict):
            blocks.append((str(name), block))
        else:
            bad.append(f"{file.where((section, str(name)))}: {section}.{name}: a mapping is expected")
    return blocks


def _track(
    key: str, block: dict[str, object], sources: dict[str, SourceConfig], file: YamlFile, bad: list[str]
) -> Track | None:
    if "key" in block:
        bad.append(
            f"{file.where(('tracks', key, 'key'))}: tracks.{key}.key: the name of the block is the key; remove it"
        )
        return None
    source = sources.get(str(block.get("source")))
    if source is None and "source" in block:
        where = file.where(("tracks", key, "source"))
        bad.append(f"{where}: tracks.{key}.source: {block['source']!r} has no sound block under sources")
        return None
    try:
        return Track.model_validate({**block, **_inherited(source, block), "key": key})
    except ValidationError as error:
        bad += faults(error, Track, file, ("tracks", key))
        return None


def _inherited(source: SourceConfig | None, block: dict[str, object]) -> dict[str, object]:
    if source is None:
        return {}
    found: dict[str, object] = {"pools": source.pools, "base_url": source.base_url}
    inherited = {name: value for name, value in found.items() if value is not None and name not in block}
    own = block.get("options", {})
    return {**inherited, "options": {**source.options, **own}} if isinstance(own, dict) else inherited


def _taken(track: Track, others: dict[str, Track], file: YamlFile, bad: list[str]) -> bool:
    """Mails and the store tell tracks apart by name and code: the second of two that share one is disabled."""
    shared = [
        f"{file.where(('tracks', track.key, field))}: tracks.{track.key}.{field}: {getattr(track, field)!r} is already that of {key}"
        for key, other in others.items()
        for field in ("code", "name")
        if getattr(track, field) == getattr(other, field)
    ]
    bad += shared
    return bool(shared)
