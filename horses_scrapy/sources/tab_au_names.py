"""Words of TAB Australia's API, and what they stand for here."""

from datetime import date

from horses_scrapy.errors import ParseError
from horses_scrapy.items import BetType, RaceStatus, RaceType, Source
from horses_scrapy.sources.json_body import Json

SOURCE = Source("tab_au", "decimal", "display")
CURRENCY = "AUD"
UNIT = 100
"""Prices and dividends are for 1 dollar."""
RACE_TYPES: dict[str, RaceType] = {"R": "gallops", "H": "harness"}
"""Types that are read; G are greyhounds."""
STATUSES: dict[str, RaceStatus] = {
    "Normal": "open",
    "Open": "open",
    "Closed": "closed",
    "Interim": "unofficial",
    "Paying": "official",
    "Abandoned": "cancelled",
}
POOLS: dict[str, BetType] = {
    "Win": "win", "Place": "place", "Quinella": "quinella", "Exacta": "exacta", "Trifecta": "trifecta",
    "FirstFour": "superfecta",
}  # fmt: skip
"""Products of one race that have a name here; Duet is left out, and so are doubles and quadrellas."""


def meeting_day(meeting: Json) -> date:
    node = meeting["meetingDate"]
    try:
        return date.fromisoformat(node.text())
    except ValueError as error:
        raise ParseError(f"{node.path}: {error}") from error


def is_track(meeting: Json, source_key: str) -> bool:
    return meeting["meetingName"].text().casefold() == source_key.casefold()


def race_key(meeting: Json, number: Json) -> str:
    """`R/TRS/1`: type, mnemonic of the venue, race; on its date that is the race's address."""
    return f"{meeting['raceType'].text()}/{meeting['venueMnemonic'].text()}/{number.whole()}"


def runner_number(node: Json, known: frozenset[str]) -> str:
    label = str(node.whole())
    if label not in known:
        raise ParseError(f"{node.path}: {label} is no runner of this race")
    return label
