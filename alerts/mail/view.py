"""An alert as a mail shows it: text only, each a single visible line."""

from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alerts.limits import Event
from alerts.mail.odds_path import OddsPath, path_of
from alerts.message import Told
from alerts.rules.base import BoardRule
from alerts.rules.kinds import KINDS
from alerts.safe_header import clean
from alerts.wording.detail import Detail
from horses_scrapy.clock import from_ms

ESTIMATES = frozenset(kind for kind, rule in KINDS.items() if issubclass(rule, BoardRule))
"""Kinds that tell what a board shows: it is final only after the off."""
_LONGEST = 300
_LINES = (
    "track_code", "track_name", "race_date", "source", "rule", "kind", "what", "who", "move", "condition", "pool",
    "points", "expected",
)  # fmt: skip
_TOLD = MappingProxyType[Event, str](
    {
        "fired": "",
        "further": "A further step since the last alert",
        "repeated": "Told before, and still so",
        "resolved": "Over: what was told before is no longer so",
    }
)
_BASIS = MappingProxyType({"display": ", on display", "pool": ", by the pool", None: ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """told: whether it is the first word on the matter. bars: a text's picture of the path. cid: of the real one."""

    detail: Detail
    told: str
    seen: str
    path: OddsPath | None
    bars: str
    basis: str
    cid: str

    @property
    def urgent(self) -> bool:
        return self.detail.severity == "urgent"


@dataclass(frozen=True, slots=True)
class Mute:
    """A link that mutes: `this race`, `#5`."""

    what: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A mail about the alerts of one race, or, where post is None, of a track or of ourselves.

    url: of the site; board: of our own page of the race; empty: no link.
    """

    subject: str
    heading: str
    date: str
    post: str | None
    url: str
    board: str
    mutes: tuple[Mute, ...]
    estimate: bool
    items: tuple[Item, ...]


def item_of(alert: Told, now_ms: int, cid: str) -> Item:
    """cid: for the picture, should there be one."""
    path = path_of(alert.detail)
    return Item(
        detail=safe(alert.detail),
        told=_TOLD[alert.detail.event],
        seen=seen(alert.detail, now_ms),
        path=path,
        bars="" if path is None else path.text,
        basis=_BASIS[alert.detail.basis],
        cid="" if path is None else cid,
    )


def safe(detail: Detail) -> Detail:
    """Names are clean already where they are put into words; this is the second lock, for notes are whole sentences."""
    lines: dict[str, Any] = {
        name: clean(value, _LONGEST) for name in _LINES if (value := getattr(detail, name)) is not None
    }
    return replace(detail, **lines, notes=tuple(clean(note, _LONGEST) for note in detail.notes))


def heading(race: Detail) -> str:
    number = "" if race.race_number is None else f", race {race.race_number}"
    return clean(f"{race.track_name} ({race.track_code}){number}", _LONGEST)


def seen(detail: Detail, now_ms: int) -> str:
    """`16:55:48 EDT by demo's clock (read 16:56:00), 13 s before this mail`."""
    read, source = _at(detail.fetched_at, detail.timezone), clean(detail.source)
    if detail.source_time is None:
        return f"{read:%H:%M:%S %Z} by {source}, {_age(now_ms - detail.fetched_at)} before this mail"
    own = _at(detail.source_time, detail.timezone)
    age = _age(now_ms - detail.source_time)
    return f"{own:%H:%M:%S %Z} by {source}'s clock (read {read:%H:%M:%S}), {age} before this mail"


def local(instant_ms: int | None, timezone: str) -> str:
    """`14:05 EDT` at the track."""
    return "not known" if instant_ms is None else f"{_at(instant_ms, timezone):%H:%M %Z}"


def link(url: str) -> str:
    """The URL where it is one that may stand in a mail, else nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    sound = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    return url if sound and url.isascii() and url.isprintable() and " " not in url else ""


def _at(instant_ms: int, timezone: str) -> datetime:
    return from_ms(instant_ms).astimezone(ZoneInfo(timezone))


def _age(ms: int) -> str:
    seconds = max(0, ms) // 1000
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
