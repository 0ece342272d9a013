"""Words of TAB New Zealand's API, and what they stand for here."""

from datetime import date, datetime

from horses_scrapy.errors import ParseError
from horses_scrapy.items import RaceStatus, RaceType, Source, Surface
from horses_scrapy.sources.json_body import Json

SOURCE = Source("tab_nz", "decimal", "display")
CURRENCY = "NZD"
UNIT = 100
"""Prices and dividends are for 1 dollar."""
RACE_TYPES: dict[str, RaceType] = {"T": "gallops", "H": "harness"}
"""Categories that are read; G are greyhounds."""
STATUSES: dict[str, RaceStatus] = {
    "Open": "open",
    "Closed": "closed",
    "Interim": "unofficial",
    "Final": "official",
    "Abandoned": "cancelled",
}

SURFACES: dict[str, Surface] = {"Grass": "turf", "Synthetic": "synthetic"}
"""Of `track_surface`. No other word was recorded: one says nothing here."""


def is_track(name: str, source_key: str) -> bool:
    return name.casefold() in {source_key.casefold(), f"{source_key} Synthetic".casefold()}


def day(node: Json) -> date:
    """The date of `2025-07-17` and of `2025-07-17T00:00:00Z`, which also names a day and no instant."""
    try:
        return date.fromisoformat(node.text()[:10])
    except ValueError as error:
        raise ParseError(f"{node.path}: {error}") from error


def from_seconds(node: Json) -> datetime:
    """Epoch seconds."""
    return Json(node.whole() * 1000, node.path).instant()


def number(runner: Json) -> int:
    return runner["runner_number"].whole()
