"""`scripts/demo --every-rule`: every kind of rule fires on one card. What it needs beside low thresholds, and the proof."""

import csv
from collections.abc import Iterable
from pathlib import Path

import yaml

from horses_scrapy.demo.home import Home
from horses_scrapy.odds import show
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.storage.report import RuleCount

RULES = Path(__file__).with_name("every_rule.yaml")
TRACK = "demo"
RACES = 4
CANCELLED = 4
FAVOURITES = 2
"""Somebody's own line makes so many horses of each race twice as likely as the market does."""


def write_line(home: Home, ledger: Ledger) -> None:
    """Fair odds for the first horses of each race: half their morning line's profit."""
    folder = home.path / "config" / "lines"
    folder.mkdir()
    date = ledger.plan.race_date.isoformat()
    with (folder / "mine.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["track", "date", "race", "program", "fair_odds"])
        for number, entry in ledger.races.items():
            lines = {runner.label: runner.morning_line for runner in entry.race.runners}
            for label in entry.race.labels[:FAVOURITES]:
                half = 1000 + (lines[label] - 1000) // 2
                rows.writerow([TRACK, date, number, label, show(half, "board")])


def missing(counts: Iterable[RuleCount]) -> list[str]:
    """A line for each rule of the file that never fired."""
    fired = {count.rule for count in counts}
    named = [(rule["name"], rule["kind"]) for rule in yaml.safe_load(RULES.read_text(encoding="utf-8"))["rules"]]
    return [f"rule {name} ({kind}) never fired" for name, kind in named if name not in fired]
