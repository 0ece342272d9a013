"""A history of odds as CSV (RFC 4180), for spreadsheets: no text of a site becomes a formula there."""

import csv
import io

from horses_scrapy.items import Notation
from horses_scrapy.storage.price_paths import Step
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.odds_history import Window, ways_of
from horses_scrapy.web.models.base import Odds, instant

HEADER = ("race_id", "source", "label", "horses", "market", "at", "decimal", "odds", "status")
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet computes."""


def odds_csv(reading: Reading, race_id: int, window: Window) -> str:
    """Raises NotThere."""
    ways = ways_of(reading, race_id, window)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(HEADER)
    for way in ways.all:
        source, horses = way.teller.source, ways.horses.get(way.label, "")
        before = (race_id, harmless(source.name), harmless(way.label), harmless(horses), window.market)
        rows.writerows(_row(before, step, source.notation) for step in way.steps)
    return text.getvalue()


def _row(of_race: tuple[object, ...], step: Step, notation: Notation) -> tuple[object, ...]:
    shown = Odds.of(step.shown, notation)
    at = instant(step.at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if shown.decimal is None:
        return (*of_race, at, "", "", shown.status)
    return (*of_race, at, f"{shown.decimal:.3f}", harmless(shown.text), shown.status)


def harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULAS) else text
