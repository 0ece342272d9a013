"""The JavaScript board: at /js/ shells that are empty until their script has drawn the document at /api/. Pure.

/js/<date> and /api/<date> are the card, /js/<date>/<n> and /api/<date>/<n> one race: entries, odds, pools, exacta, result.
Unlike on the pages for people, a COLUMN of the exacta matrix is the winner's.
"""

import datetime as dt
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from horses_scrapy.simulator.ledger import RaceLedger
from horses_scrapy.simulator.pages import Pages, local, shell

SCRIPT = "/js/board.js"
_PATH = re.compile(r"/(js|api)/(\d{4}-\d\d-\d\d)(?:/(\d{1,2}))?", re.ASCII)
_HTML = "text/html; charset=utf-8"
_JSON = "application/json"
_JAVASCRIPT = "text/javascript; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Resource:
    """`board` is the number of the board that it shows, where it shows one."""

    body: str
    media_type: str
    race: int | None = None
    board: int | None = None


def resource(pages: Pages, path: str) -> Resource | None:
    """What stands at a path of the JavaScript board; None where that is not one."""
    if path == SCRIPT:
        return Resource((Path(__file__).with_name("templates") / "board.js").read_text("utf-8"), _JAVASCRIPT)
    found = _PATH.fullmatch(path)
    date = None if found is None else _date(found[2])
    if found is None or date is None:
        return None
    if found[1] == "js":
        return Resource(shell(f"{pages.meeting(date)['name']} - live board"), _HTML)
    return _card(pages, date) if found[3] is None else _race(pages, date, int(found[3]))


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _card(pages: Pages, date: dt.date) -> Resource:
    races = [_facts(race) for race in pages.races(date)]
    return Resource(json.dumps({"meeting": _meeting(pages, date), "races": races}), _JSON)


def _race(pages: Pages, date: dt.date, number: int) -> Resource | None:
    race = pages.ledger.races.get(number)
    if race is None or date != pages.ledger.plan.race_date:
        return None
    board = race.board_at(pages.at)
    text = json.dumps({"meeting": _meeting(pages, date), **_document(pages, race)})
    return Resource(text, _JSON, number, None if board is None else board.number)


def _document(pages: Pages, race: RaceLedger) -> dict[str, Any]:
    shown = pages.shown(race.board_at(pages.at))
    as_of = shown["as_of"]
    return {
        "race": _facts(pages.facts(race)),
        "entries": pages.entries_table(race),
        "odds": {
            **pages.odds_tables(race),
            "board": shown["board"],
            "as_of": None if as_of is None else {"at": as_of.isoformat(), "text": as_of.strftime("%H:%M:%S")},
        },
        "exacta": pages.exacta_table(race, first_down=False),
        "results": pages.results_tables(race),
    }


def _meeting(pages: Pages, date: dt.date) -> dict[str, Any]:
    return {**pages.meeting(date), "date": {"at": date.isoformat(), "text": date.strftime("%B %-d, %Y")}}


def _facts(race: dict[str, Any]) -> dict[str, Any]:
    return {**race, "post": {"at": race["post"].isoformat(), "text": local(race["post"])}}
